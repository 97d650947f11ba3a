// Whether this page is in use, as the server is told.

const IDLE_AFTER_MS = 5 * 60_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

/** Tells over `live` when the page begins to rest (hidden, or without input for a while) and when that is over. */
export class Presence {
  #live;
  #state = "online"; // what the server takes every new connection for
  #timer = 0;

  constructor(live) {
    this.#live = live;
    for (const input of INPUTS) {
      window.addEventListener(input, () => this.#use(), {passive: true, capture: true});
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#become("idle") : this.#use()));
    live.addEventListener("state", () => live.state === "live" && this.#state === "idle" && this.#tell());
    document.hidden ? this.#become("idle") : this.#use();
  }

  #use() {
    if (!document.hidden) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#become("idle"), IDLE_AFTER_MS);
      this.#become("online");
    }
  }

  #become(state) {
    if (state !== this.#state) {
      this.#state = state;
      this.#tell();
    }
  }

  #tell() {
    this.#live.ask("set_presence", {state: this.#state}).catch(() => {}); // the next connection tells it
  }
}
