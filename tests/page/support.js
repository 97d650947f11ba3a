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

/** Stands for localStorage: its keys are its own properties, as a browser's are. */
export class FakeStorage {
  getItem(name) {
    return Object.hasOwn(this, name) ? this[name] : null;
  }

  setItem(name, value) {
    this[name] = String(value);
  }

  removeItem(name) {
    delete this[name];
  }
}

/** Stands for the session: `answers("GET /friends", (body, query) => data)` for each call; what was asked stands in `asked`. */
export class FakeSession {
  user = signal({id: "me"});
  asked = [];
  #answers = new Map();

  answers(call, answer) {
    this.#answers.set(call, answer);
  }

  async request(method, path, body, options) {
    const [plain, query] = path.split("?");
    this.asked.push([`${method} ${path}`, body, ...(options ? [options] : [])]);
    const answer = this.#answers.get(`${method} ${plain}`);
    if (!answer) {
      throw new Error(`nobody expected ${method} ${plain}`);
    }
    return answer(body, Object.fromEntries(new URLSearchParams(query)));
  }

  /** How often a call was made. */
  count(call) {
    return this.asked.filter(([made]) => made.split("?")[0] === call).length;
  }
}

/** Return a promise with what settles it. */
export function withResolvers() {
  let resolve, reject;
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return {promise, resolve, reject};
}
