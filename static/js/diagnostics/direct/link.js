// What a link to the direct test carries: where to connect and what to send, and never who one is.

const NAMES = ["url", "path", "namespace", "transports", "parser", "event", "args", "timeout"];
const TOKENS = [/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, /sk_[0-9a-f]{24}_[\w-]+/g];
const SECRET_FIELD = /("\w*(?:token|password|secret)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;

/** The part behind the `#`. Credentials and queries of addresses, and what looks like a token, are left out. */
export function linkOf(state) {
  const known = NAMES.filter((name) => state[name] !== undefined && state[name] !== "");
  return new URLSearchParams(known.map((name) => [name, withoutSecrets(name, String(state[name]))])).toString();
}

/** What such a part says: of the names that are known, texts. */
export function readLink(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  return Object.fromEntries(NAMES.filter((name) => said.has(name)).map((name) => [name, said.get(name)]));
}

function withoutSecrets(name, text) {
  const shown = name === "url" ? text.replace(/\/\/[^/@]*@/, "//").replace(/[?#].*$/, "") : text;
  return TOKENS.reduce((rest, token) => rest.replace(token, ""), shown).replace(SECRET_FIELD, '$1""');
}
