// A moment as people say it, "3 minutes ago", going on by itself; its title says it exactly.

import {ago, moment} from "#js/core/format.js";
import {html, signal, useState} from "#js/core/view.js";

const TICK_MS = 10_000;
let timer = 0;

/** The present, in steps; it ticks while somebody looks. */
const now = signal(Date.now(), {
  watched() {
    timer = setInterval(() => (now.value = Date.now()), TICK_MS);
  },
  unwatched: () => clearInterval(timer),
});

export function Time({value}) {
  const at = new Date(value);
  const [seen] = useState(Date.now); // the present may stand where it was when somebody looked last
  // What has just happened is not to be in the future by a clock that is a little ahead.
  const text = ago(value, Math.max(now.value, seen, at.getTime()));
  return html`<time datetime=${at.toISOString()} title=${moment(value)}>${text}</time>`;
}
