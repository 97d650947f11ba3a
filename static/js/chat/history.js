// The messages of a conversation that are known: up to the newest, and a stretch further back that is looked at.

import {extend, holds, replace} from "#js/chat/stretch.js";
import {batch, computed, signal} from "#js/core/view.js";

const PAGE = 50;
const AROUND = 100;
const MOST_UNSEEN = 300; // kept of the recent ones where nobody looks

export class History {
  /** Without holes up to the newest. */
  recent = signal([]);
  /** Without holes too; null while the recent ones are shown. */
  past = signal(null);
  messages = computed(() => this.past.value ?? this.recent.value);
  #ask;
  #isOpen = false;
  #loading = new Map();
  #turn = 0; // of showing a stretch; the newest counts

  /** `ask(query)` asks the server for messages: `{messages, has_more, …}`, the newest first. */
  constructor(ask) {
    this.#ask = ask;
  }

  get isOpen() {
    return this.#isOpen;
  }

  /** Whether it is on somebody's screen; what is not does not grow without bound. */
  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    this.recent.value = this.#bounded(this.recent.value);
  }

  #bounded(recent) {
    return this.#isOpen || recent.length <= MOST_UNSEEN ? recent : recent.slice(-MOST_UNSEEN);
  }

  /** The `seq` of the newest message. */
  get end() {
    return this.recent.value.at(-1)?.seq ?? 0;
  }

  /** Whether there are messages before those that are shown; they are numbered from 1. */
  get hasOlder() {
    return this.messages.value.length > 0 && this.messages.value[0].seq > 1;
  }

  /** Forget what is known, for the newest messages. */
  restart(messages) {
    batch(() => {
      this.recent.value = messages;
      this.past.value = null;
    });
  }

  /** Put messages behind the recent ones; `{news, hasHole}`: those that are new, whether some are missing between. */
  append(messages) {
    const {end} = this;
    const [recent, rest] = extend(this.recent.value, messages);
    this.recent.value = this.#bounded(recent);
    return {news: recent.slice(-messages.length).filter(({seq}) => seq > end), hasHole: rest.length > 0};
  }

  replace(message) {
    batch(() => {
      this.recent.value = replace(this.recent.value, message);
      this.past.value = this.past.value && replace(this.past.value, message);
    });
  }

  /** Load what comes before what is shown. */
  loadOlder() {
    return this.#once("older", async () => {
      const {value: shown} = this.messages;
      if (this.hasOlder) {
        this.#put(shown, (await this.#ask({before_seq: shown[0].seq, limit: PAGE})).messages);
      }
    });
  }

  /** Load what follows what is shown, where that is not the newest. */
  loadNewer() {
    return this.#once("newer", async () => {
      const {value: past} = this.past;
      if (past) {
        this.#put(past, (await this.#ask({after_seq: past.at(-1).seq, limit: PAGE})).messages);
      }
    });
  }

  /** Show the messages around a number, unless something else was asked for by the time they come. */
  async show(seq) {
    const turn = ++this.#turn;
    if (holds(this.recent.value, seq)) {
      this.past.value = null;
    } else if (!holds(this.messages.value, seq)) {
      const {messages} = await this.#ask({around_seq: seq, limit: AROUND});
      if (turn === this.#turn) {
        this.#look(messages);
      }
    }
  }

  /** Show the messages around a moment; returns the number of the first one from then on, or of the last, or null. */
  async showTime(moment) {
    const turn = ++this.#turn;
    const {messages} = await this.#ask({at: moment.toISOString(), limit: AROUND});
    const first = messages.findLast(({created_at: at}) => new Date(at) >= moment) ?? messages[0];
    if (first && turn === this.#turn && !holds(this.messages.value, first.seq)) {
      this.#look(messages);
    }
    return first?.seq ?? null;
  }

  showRecent() {
    this.#turn += 1;
    this.past.value = null;
  }

  #look(messages) {
    this.past.value = extend([], messages)[0];
    this.#joinPast();
  }

  /** Add messages to the stretch that was shown, unless another is by now. */
  #put(shown, messages) {
    const place = this.past.value ? this.past : this.recent;
    if (place.value[0]?.seq === shown[0].seq) {
      place.value = extend(place.value, messages)[0];
      this.#joinPast();
    }
  }

  /** Where the past has come up to the recent messages, they are one again. */
  #joinPast() {
    const {value: past} = this.past;
    if (past && past.at(-1).seq + 1 >= this.recent.value[0].seq) {
      batch(() => {
        this.recent.value = extend(past, this.recent.value)[0];
        this.past.value = null;
      });
    }
  }

  #once(name, load) {
    if (!this.#loading.has(name)) {
      this.#loading.set(
        name,
        load().finally(() => this.#loading.delete(name)),
      );
    }
    return this.#loading.get(name);
  }
}
