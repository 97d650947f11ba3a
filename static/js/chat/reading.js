// How far everybody has come in a conversation: what oneself has not read, and what is told of that.

import {Receipts} from "#js/chat/receipts.js";
import {signal} from "#js/core/view.js";

export class Reading {
  unread = signal(0);
  /** The `seq` above which the line of the new messages stands, or null. */
  newFrom = signal(null);
  receipts = new Receipts();
  /** Whether somebody looks at the end now, so that what comes is read. */
  isWatched = false;
  #history;
  #me;
  #tell;
  #told = 0; // the `seq` up to which the server knows that it was read

  /** `me()` is one's own id; `tell(event, seq)` tells the server, and may fail: it is told again after `enter`. */
  constructor(history, {me, tell}) {
    this.#history = history;
    this.#me = me;
    this.#tell = tell;
  }

  /** The `seq` up to which oneself has read. */
  get seq() {
    return this.receipts.read.value[this.#me()] ?? 0;
  }

  /** Take what the server knows when the conversation is entered. */
  enter(conversation) {
    this.#told = conversation.read[this.#me()] ?? 0;
    this.receipts.take(conversation);
    this.#count(conversation.unread);
    const {seq} = this;
    if (this.unread.value && (this.newFrom.value ?? 0) <= seq) {
      this.newFrom.value = seq + 1;
    }
    if (seq > this.#told) {
      this.#tellRead(seq); // what was lost with the last connection
    } else {
      this.tellDelivered();
    }
  }

  /** Take a message that is new. */
  take({seq, sender}) {
    if (sender.id === this.#me()) {
      this.receipts.move("read", sender.id, seq);
      this.#told = Math.max(this.#told, seq); // what one sends counts as read
    } else if (!this.isWatched && !this.unread.value) {
      this.newFrom.value = seq;
    }
    this.#count(this.unread.value + 1);
  }

  /** Take a mark, "read" or "delivered", of anybody, also of oneself on another device. */
  marked(kind, who, seq) {
    this.receipts.move(kind, who, seq);
    if (who === this.#me() && kind === "read") {
      this.#told = Math.max(this.#told, seq);
      this.#count(this.unread.value);
    }
  }

  /** Note, here and at the server, that everything up to `seq` has been read. */
  read(seq) {
    if (seq > this.seq) {
      this.receipts.move("read", this.#me(), seq);
      this.#count(this.unread.value);
      this.#tellRead(seq);
    }
  }

  #tellRead(seq) {
    if (seq > this.#told) {
      this.#told = seq;
      this.#tell("mark_read", seq);
    }
  }

  tellDelivered() {
    const {end} = this.#history;
    if (end > Math.max(this.receipts.delivered.value[this.#me()] ?? 0, this.seq)) {
      this.receipts.move("delivered", this.#me(), end);
      this.#tell("mark_delivered", end);
    }
  }

  /** Count what was not read; where not all of it is known, it is at most `told`. */
  #count(told) {
    const {seq} = this;
    const {value: recent} = this.#history.recent;
    if (!recent.length || recent[0].seq <= seq + 1) {
      this.unread.value = recent.filter((message) => message.seq > seq && message.sender.id !== this.#me()).length;
    } else {
      this.unread.value = Math.min(told, this.#history.end - seq);
    }
  }
}
