// Changes of one thing, one after the other: sent side by side, the server may take them in another order.

export class Turns {
  #last = new Map(); // by name: the end of the newest work

  /** Do some work after all that was asked for under the same name before, also where that failed; returns its result. */
  take(name, work) {
    const result = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const end = result.then(
      () => this.#ended(name, end),
      () => this.#ended(name, end),
    );
    this.#last.set(name, end);
    return result;
  }

  #ended(name, end) {
    if (this.#last.get(name) === end) {
      this.#last.delete(name);
    }
  }
}
