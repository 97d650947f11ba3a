// Who is writing: the others, forgotten by themselves, and what the others are told of oneself.

import {signal} from "#js/core/view.js";

const FORGOTTEN_AFTER_MS = 6_000; // the server says so after 5 s, unless this client was behind
const REPEATED_AFTER_MS = 3_000;
const PAUSE_MS = 4_000;

/** `ids` is a signal of the ids of those who write now. */
export class Typists {
  ids = signal([]);
  #timers = new Map();

  hear({user_id: id, is_typing: isTyping}) {
    clearTimeout(this.#timers.get(id));
    if (isTyping) {
      this.#timers.set(
        id,
        setTimeout(() => this.forget(id), FORGOTTEN_AFTER_MS),
      );
      this.ids.value = [...this.ids.value.filter((other) => other !== id), id];
    } else {
      this.forget(id);
    }
  }

  /** Forget one who stopped, or whose message came. */
  forget(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (this.ids.value.includes(id)) {
      this.ids.value = this.ids.value.filter((other) => other !== id);
    }
  }

  clear() {
    [...this.#timers.keys()].forEach((id) => this.forget(id));
  }
}

/** Tells that one writes: with the first key, again while it goes on, and when it is over. */
export class OwnTyping {
  #tell;
  #toldAt = 0;
  #pause = 0;

  /** `tell(isTyping)` says it to the others. */
  constructor(tell) {
    this.#tell = tell;
  }

  key() {
    const now = Date.now();
    if (now - this.#toldAt >= REPEATED_AFTER_MS) {
      this.#toldAt = now;
      this.#tell(true);
    }
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.stop(), PAUSE_MS);
  }

  /** The message was sent or given up. */
  stop() {
    clearTimeout(this.#pause);
    if (this.#toldAt) {
      this.#toldAt = 0;
      this.#tell(false);
    }
  }
}
