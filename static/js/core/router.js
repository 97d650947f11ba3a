// Where in the page somebody is: `#/chat/<id>` is the area "chat" with the path ["<id>"].

import {signal} from "@preact/signals";

/** `{area, path}`, both decoded. */
export const place = signal(read());

/** Return the link to a place: `linkTo("market", "600519.SH")`. */
export const linkTo = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** Go to a place; `replace` leaves no step back to the one before. */
export function go(parts, {replace = false} = {}) {
  const link = linkTo(...parts);
  if (link === location.hash) {
    return;
  }
  history[replace ? "replaceState" : "pushState"](null, "", link);
  place.value = read();
}

function read() {
  const [area = "", ...path] = (globalThis.location?.hash ?? "").replace(/^#\/?/, "").split("/").map(decode);
  return {area, path: path.filter(Boolean)};
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

for (const event of ["hashchange", "popstate"]) {
  globalThis.addEventListener?.(event, () => {
    place.value = read();
  });
}
