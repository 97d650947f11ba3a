// What was written and has not arrived: it outlives reloads and lost connections, and is sent in its order.

import {exclusively} from "#js/core/exclusively.js";
import {newId} from "#js/core/ids.js";
import {keep, keptUnder, onKept, recall} from "#js/core/storage.js";
import {Refusal} from "#js/core/session.js";
import {signal} from "#js/core/view.js";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
const PASSING = new Set(["unavailable", "rate_limited"]);

/**
 * `list` is a signal of `{id, conversation?, friend?, type, content, file?, reply?, at, error?}`, the oldest first; `error`
 * (`{code, message}`) says why one failed. Each stands in the storage under a name of its own, so that tabs do not undo each
 * other; the ids are the messages' `client_msg_id`, so that one that is sent twice arrives once.
 */
export class Outbox {
  list = signal([]);
  #live;
  #name;
  #sending = new Map(); // the targets that are being sent to, and whether more came meanwhile
  #unkept = new Set(); // what a storage that is full did not take lives as long as the page
  #failures = 0;
  #listeners = new Set();

  constructor({live, me}) {
    this.#live = live;
    this.#name = `outbox-${me.id}-`;
    this.list.value = this.#stored();
    onKept(this.#name, (name, entry) => this.#take(name.slice(this.#name.length), entry));
    live.state.subscribe((state) => state === "live" && this.sendAll());
  }

  /** Hear of each message that arrived, as the server has it; returns what ends that. */
  onSent(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Send a message as soon as possible: `{conversation, friend, type, content, file?, reply?}`. */
  add(message) {
    const last = this.list.value.at(-1)?.at ?? 0;
    const entry = {id: newId(), at: Math.max(Date.now(), last + 1), ...message}; // by `at` their order outlives a reload
    if (!keep(this.#name + entry.id, entry)) {
      this.#unkept.add(entry.id);
    }
    this.list.value = [...this.list.value, entry];
    this.#send(targetOf(entry));
    return entry;
  }

  retry(id) {
    this.#change(id, {error: undefined});
    const entry = this.#find(id);
    if (entry) {
      this.#send(targetOf(entry));
    }
  }

  /** Forget a message: it arrived, or is given up. */
  discard(id) {
    keep(this.#name + id, null);
    this.list.value = this.list.value.filter((entry) => entry.id !== id);
  }

  sendAll() {
    new Set(this.list.value.map(targetOf)).forEach((target) => this.#send(target));
  }

  #stored() {
    const entries = keptUnder(this.#name).map((name) => recall(name));
    return entries.filter((entry) => entry?.id).sort((one, other) => one.at - other.at);
  }

  /** Take what another tab has written, sent (null) or given up (null). */
  #take(id, entry) {
    const others = this.list.value.filter((one) => one.id !== id);
    this.list.value = entry ? [...others, entry].sort((one, other) => one.at - other.at) : others;
    if (entry && !entry.error) {
      this.#send(targetOf(entry)); // waits for the other tab, and goes on where it ends
    }
  }

  #find(id) {
    return this.list.value.find((entry) => entry.id === id);
  }

  #change(id, change) {
    this.list.value = this.list.value.map((entry) => (entry.id === id ? {...entry, ...change} : entry));
    const entry = this.#find(id);
    if (entry) {
      keep(this.#name + id, entry);
    }
  }

  /** One message of a conversation after the other, in one tab at a time. */
  async #send(target) {
    if (this.#sending.has(target)) {
      this.#sending.set(target, true); // looks again when it ends: it may have looked already
      return;
    }
    this.#sending.set(target, false);
    await exclusively(`${this.#name}${target}`, () => this.#drain(target));
    const isWantedAgain = this.#sending.get(target);
    this.#sending.delete(target);
    if (isWantedAgain) {
      this.#send(target);
    }
  }

  async #drain(target) {
    for (;;) {
      const entry = this.list.value.find((one) => targetOf(one) === target && !one.error);
      if (!entry || this.#live.state.value !== "live") {
        return;
      }
      if (this.#isTaken(entry)) {
        this.discard(entry.id);
        continue;
      }
      try {
        const {message} = await this.#live.ask("send_message", payloadOf(entry));
        this.#failures = 0;
        this.#arrived(entry.id, message);
      } catch (error) {
        if (!(error instanceof Refusal) || PASSING.has(error.code)) {
          this.#tryLater(); // whether it arrived or not: the id makes sending again harmless
          return;
        }
        this.#change(entry.id, {error: {code: error.code, message: error.message}});
      }
    }
  }

  /** Whether another tab has sent it or given it up, of which this one is about to hear. */
  #isTaken({id}) {
    return !this.#unkept.has(id) && recall(this.#name + id) === null;
  }

  #arrived(id, message) {
    this.#listeners.forEach((listener) => listener(message));
    this.discard(id);
  }

  #tryLater() {
    const pause = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS);
    setTimeout(() => this.sendAll(), pause);
  }
}

const targetOf = ({conversation, friend}) => friend ?? conversation;

const payloadOf = ({id, conversation, friend, type, content, file, reply}) => ({
  ...(conversation ? {conversation_id: conversation} : {friend_id: friend}),
  type,
  content,
  client_msg_id: id,
  ...(file ? {file_id: file.id} : {}),
  ...(reply ? {reply_to: reply.id} : {}),
});
