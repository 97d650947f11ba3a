// What came while the connection was away, told for some seconds once it is back.

import {signal} from "@preact/signals";

const TOLD_MS = 6_000;

export class CaughtUp {
  /** How many messages were missed and have come now; null when there is nothing to tell. */
  count = signal(null);
  #timer = 0;

  constructor(live) {
    let wasAway = false;
    live.state.subscribe((state) => {
      if (state === "live" && wasAway) {
        this.#tell(0);
      }
      wasAway = state === "reconnecting" || state === "offline";
    });
  }

  /** A model has caught up with so many messages. */
  add(count) {
    if (count > 0) {
      this.#tell((this.count.peek() ?? 0) + count);
    }
  }

  #tell(count) {
    clearTimeout(this.#timer);
    this.count.value = count;
    this.#timer = setTimeout(() => {
      this.count.value = null;
    }, TOLD_MS);
  }
}
