// What somebody wants to be notified of, as the server keeps it: one document, changed as a whole.

import {signal} from "@preact/signals";

export class KeptWishes {
  /** `{muted_types, quiet_hours}`, or null until it is known; a change is shown at once. */
  kept = signal(null);
  /** Why it is not known, or null. */
  error = signal(null);
  #session;
  #agreed = null; // what the server has said or taken
  #sent = Promise.resolve();

  constructor(session) {
    this.#session = session;
  }

  async load() {
    const shown = this.kept.peek();
    this.error.value = null;
    try {
      this.#agreed = await this.#session.request("GET", "/notifications/preferences");
      if (this.kept.peek() === shown) {
        this.kept.value = this.#agreed; // else it was changed meanwhile
      }
    } catch (error) {
      this.error.value = error;
    }
  }

  /** Change a part. Of changes in quick succession each is sent after the one before; throws when the last one is refused. */
  change(part) {
    const wanted = {...this.kept.peek(), ...part};
    this.kept.value = wanted;
    this.#sent = this.#sent.catch(() => {}).then(() => this.#put(wanted));
    return this.#sent;
  }

  async #put(wanted) {
    try {
      await this.#session.request("PUT", "/notifications/preferences", wanted);
      this.#agreed = wanted;
    } catch (error) {
      if (this.kept.peek() === wanted) {
        this.kept.value = this.#agreed;
        await this.load();
        throw error;
      } // else the next change holds this one as well
    }
  }
}
