// How far everybody has come in a conversation, and what that says of one's own messages.

import {signal} from "#js/core/view.js";

export class Receipts {
  /** `{<user's id>: seq}`. */
  read = signal({});
  delivered = signal({});

  /** Take what the server knows; marks never go back. */
  take({read, delivered}) {
    this.read.value = furthest(this.read.value, read);
    this.delivered.value = furthest(this.delivered.value, delivered);
  }

  /** Take that one has come so far; `kind` is "read" or "delivered". */
  move(kind, userId, seq) {
    if (seq > (this[kind].value[userId] ?? 0)) {
      this[kind].value = {...this[kind].value, [userId]: seq};
    }
  }

  /** Whether somebody has read a message. */
  hasRead(seq, userId) {
    return (this.read.value[userId] ?? 0) >= seq;
  }

  /** "read" or "delivered" when all of these people have, else "sent". */
  stateOf(seq, people) {
    if (people.length && people.every((id) => this.hasRead(seq, id))) {
      return "read";
    }
    const {value: read} = this.read;
    const {value: delivered} = this.delivered;
    const has = (id) => Math.max(delivered[id] ?? 0, read[id] ?? 0) >= seq;
    return people.length && people.every(has) ? "delivered" : "sent";
  }
}

const furthest = (known, told) => {
  const all = {...known};
  for (const [id, seq] of Object.entries(told ?? {})) {
    all[id] = Math.max(all[id] ?? 0, seq);
  }
  return all;
};
