// Searching for people while somebody types.

import {signal} from "#js/core/view.js";

const PAUSE_MS = 250;

/** `found` is a signal of the users that were found last, null before; `error` of why the last search failed. */
export class PeopleSearch {
  found = signal(null);
  error = signal(null);
  isBusy = signal(false);
  #session;
  #turn = 0;
  #timer = 0;

  constructor({session}) {
    this.#session = session;
  }

  /** Search for names that begin so, once the typing pauses; of several answers the last question's counts. */
  search(query) {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    this.isBusy.value = query !== "";
    if (query) {
      this.#timer = setTimeout(() => this.#ask(query, turn), PAUSE_MS);
    } else {
      this.#end({found: null, error: null});
    }
  }

  async #ask(query, turn) {
    let result;
    try {
      const {users} = await this.#session.request("GET", `/users?query=${encodeURIComponent(query)}&limit=50`);
      result = {found: users, error: null};
    } catch (error) {
      result = {found: this.found.peek(), error};
    }
    if (turn === this.#turn) {
      this.#end(result);
    }
  }

  #end({found, error}) {
    this.found.value = found;
    this.error.value = error;
    this.isBusy.value = false;
  }
}
