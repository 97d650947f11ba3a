// What the models of the page are tested with.

import {signal} from "@preact/signals";

/** Stands for the connection: tests say what the server tells, and answer what the model asks. */
export class FakeLive {
  state = signal("connecting");
  asked = [];
  #listeners = new Map();
  #answers = {};

  on(event, listener) {
    this.#of(event).add(listener);
    return () => this.#of(event).delete(listener);
  }

  /** Let `ask(event)` answer with what `answer(payload)` returns or throws. */
  answers(event, answer) {
    this.#answers[event] = answer;
  }

  async ask(event, payload) {
    this.asked.push([event, payload]);
    return this.#answers[event](payload);
  }

  becomes(state) {
    this.state.value = state;
  }

  tell(event, payload) {
    this.#of(event).forEach((listener) => listener(payload));
  }

  /** Wait until what was begun without a timer has ended. */
  settled() {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #of(event) {
    if (!this.#listeners.has(event)) {
      this.#listeners.set(event, new Set());
    }
    return this.#listeners.get(event);
  }
}
