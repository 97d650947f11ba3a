// What was sent before, in this browser: to be sent again.

import {kept} from "#js/core/storage.js";

const MOST = 20;

/** A signal of `{event, args, timeout}`, the newest first; `args` is the text that was written. */
export const history = kept("diagnostics-history", []);

/** Remember what was sent; the same once more comes to the front. */
export function remember(sent) {
  const text = JSON.stringify(sent);
  history.value = [sent, ...history.value.filter((other) => JSON.stringify(other) !== text)].slice(0, MOST);
}
