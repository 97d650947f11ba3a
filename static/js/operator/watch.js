// The figures of the server, asked for again and again while somebody looks.

import {signal} from "@preact/signals";

const EVERY_MS = 2_000;
const MOST = 151; // five minutes

/** `samples` is a signal of `{at, overview, health}`, the newest last; `state` and `error` as those of `follow()`. */
export class Watch {
  samples = signal([]);
  state = signal("loading");
  error = signal(null);
  /** Whether the last question had no answer, while there were some before. */
  isLate = signal(false);
  #session;
  #isHidden;
  #timer = 0;
  #looking = 0;

  constructor({session}, {isHidden = () => document.hidden} = {}) {
    this.#session = session;
    this.#isHidden = isHidden;
  }

  /** Begin to ask; returns what ends it. */
  look() {
    const turn = ++this.#looking;
    const go = async () => {
      if (!this.#isHidden()) {
        await this.refresh();
      }
      if (turn === this.#looking) {
        this.#timer = setTimeout(go, EVERY_MS);
      }
    };
    go();
    return () => {
      this.#looking += 1;
      clearTimeout(this.#timer);
    };
  }

  refresh = async () => {
    try {
      const overview = await this.#session.request("GET", "/operators/overview");
      this.samples.value = [...this.samples.value, {at: Date.now(), overview}].slice(-MOST);
      this.state.value = "ready";
      this.isLate.value = false;
    } catch (error) {
      if (this.state.value === "ready") {
        this.isLate.value = true;
      } else {
        this.error.value = error;
        this.state.value = "error";
      }
    }
  };
}
