// Telling the server what has reached this device, also of conversations that were not opened.

export class Deliveries {
  #live;
  #waiting = new Map(); // by the id of the conversation, up to which `seq`
  #isTelling = false;

  constructor(live) {
    this.#live = live;
  }

  /** Note that everything up to `seq` has come; later notes of a conversation replace those that wait. */
  note(id, seq) {
    this.#waiting.set(id, Math.max(seq, this.#waiting.get(id) ?? 0));
    if (!this.#isTelling) {
      this.#tell();
    }
  }

  /** Tell one after the other: somebody who comes back may have hundreds. */
  async #tell() {
    this.#isTelling = true;
    while (this.#waiting.size) {
      const [[id, seq]] = this.#waiting;
      this.#waiting.delete(id);
      try {
        await this.#live.ask("mark_delivered", {conversation_id: id, seq});
      } catch {
        this.#waiting.clear(); // the next connection lists what is still to be told
      }
    }
    this.#isTelling = false;
  }
}
