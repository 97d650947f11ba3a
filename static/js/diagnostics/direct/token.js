// What stands in an access token, which anybody can read who has it; whether it is genuine the server alone can say.

/** `{header, payload, expiresAt?}`, with `expiresAt` in ms, or null when the text is no token. */
export function readToken(text) {
  const parts = text.trim().split(".");
  if (parts.length !== 3) {
    return null;
  }
  try {
    const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(decoded(part)));
    return {header, payload, ...(typeof payload.exp === "number" && {expiresAt: payload.exp * 1000})};
  } catch {
    return null;
  }
}

const decoded = (part) =>
  new TextDecoder().decode(
    Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)),
  );
