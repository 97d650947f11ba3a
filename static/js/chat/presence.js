// Tells the server whether this page is in use.

const IDLE_AFTER_MS = 5 * 60_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

/** A page that is hidden, or that has had no input for a while, rests. */
export class Presence {
  #live;
  #document;
  #state = "online"; // what the server takes every new connection for
  #timer = 0;

  constructor({live}, {window, document} = globalThis) {
    this.#live = live;
    this.#document = document;
    for (const input of INPUTS) {
      window.addEventListener(input, () => this.#look(), {passive: true, capture: true});
    }
    document.addEventListener("visibilitychange", () => this.#look());
    live.state.subscribe((state) => state === "live" && this.#state === "idle" && this.#tell());
    this.#look();
  }

  #look() {
    clearTimeout(this.#timer);
    if (this.#document.hidden) {
      this.#become("idle");
      return;
    }
    this.#timer = setTimeout(() => this.#become("idle"), IDLE_AFTER_MS);
    this.#become("online");
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
