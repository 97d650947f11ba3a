// The list of conversations: in order, with what was last said and how much was not read; and those that were opened.

import {Deliveries} from "#js/chat/deliveries.js";
import * as entries from "#js/chat/entries.js";
import {OpenedConversations} from "#js/chat/opened.js";
import {newestOutgoing} from "#js/chat/outgoing.js";
import {rowsOf} from "#js/chat/rows.js";
import {follow} from "#js/core/follow.js";
import {Turns} from "#js/core/turns.js";
import {batch, computed, signal, untracked} from "#js/core/view.js";

const RECOUNT_PAUSE_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Conversations {
  /** Rows (see rows.js): what is pinned first, then the last active, then friends to whom nothing was written yet. */
  list = computed(() => {
    const {byId} = this.#app.friends;
    return rowsOf(this.#entries.value.values(), byId.value, this.#me, this.#now.value, newestOutgoing(this.#app));
  });
  /** How many messages were not read, without what is muted. */
  unread = computed(() => this.list.value.reduce((sum, row) => sum + (row.isMuted ? 0 : row.unread), 0));
  /** Where one has left each conversation, by its id: see `ReadingPlace.left`; none where that was the end. */
  places = new Map();
  #app;
  #entries = signal(new Map());
  #now = signal(Date.now()); // moves on when a muting ends
  #unmuting = 0;
  #added = new Set(); // what came since the list was asked for, and may be missing in the answer
  #asked = new Set();
  #recounts = new Map(); // timers by the id of the conversation
  #left = null; // what was known when the connection went
  #turns = new Turns(); // of one's own settings, by conversation
  #opened;
  #deliveries;

  constructor(app) {
    this.#app = app;
    this.#deliveries = new Deliveries(app.live);
    this.#opened = new OpenedConversations(app, (id, last, read) => this.#learned(id, last, read));
    this.following = follow(app.live, {
      fetch: () => {
        this.#added.clear();
        return app.session.request("GET", "/conversations");
      },
      take: ({conversations}) => this.#take(conversations),
      events: {
        conversation_updated: (news) => this.#updated(news),
        new_message: ({conversation_id: id, message}) => this.#heard(id, message),
        message_updated: ({conversation_id: id, message}) =>
          this.#change(id, (entry) => entries.withChange(entry, message)),
        message_read: ({conversation_id: id, user_id: who, seq}) => who === this.#me && this.#noteRead(id, seq),
        profile_updated: ({user}) => this.#renamed(user),
      },
    });
    app.live.state.subscribe((state) => {
      if (state !== "live" && this.following.state.peek() === "ready") {
        this.#left ??= this.#entries.peek();
      }
    });
  }

  /** Return the row of a conversation. */
  row(id) {
    return this.list.value.find((row) => row.id === id) ?? null;
  }

  /** Return the row of the conversation with somebody. */
  rowWith(userId) {
    return this.list.value.find((row) => row.user?.id === userId) ?? null;
  }

  /** Return what is known of a conversation, as the server shows it, with some of the members; or null. */
  known(id) {
    return this.#entries.peek().get(id) ?? null;
  }

  /** Return the conversation with this id, always the same one; null when the user was never in it. */
  open(id) {
    const row = untracked(() => this.row(id));
    return row ? this.#opened.of(row, this.known(id)) : this.#opened.find(id);
  }

  /** Return the conversation with a friend, which begins with its first use; null with a stranger. */
  openWith(friendId) {
    const row = untracked(() => this.rowWith(friendId));
    return row && this.#opened.of(row, row.id && this.known(row.id));
  }

  /** Return the ids of those who are writing now, as far as that is told: where the conversation was opened. */
  typistsOf(id) {
    return this.#opened.find(id)?.typing.value ?? [];
  }

  async pin(id, pinned) {
    await this.#set(id, {pinned});
  }

  /** Mute until a moment in ms; null unmutes. */
  async mute(id, until) {
    await this.#set(id, {muted_until: until && new Date(until).toISOString()});
  }

  /** Note here and at the server that all that has come was read. */
  async markRead(id) {
    const {last_seq: seq} = this.#entries.peek().get(id);
    const opened = this.#opened.find(id);
    if (opened?.state.peek() === "ready") {
      opened.read(seq);
    } else {
      await this.#app.live.ask("mark_read", {conversation_id: id, seq});
      this.#noteRead(id, seq);
    }
  }

  /** Take a conversation as the server shows it. */
  put(view) {
    this.#added.add(view.id);
    const all = new Map(this.#entries.peek());
    this.#replace(all.set(view.id, entries.entryOf(view, this.#me, all.get(view.id))));
  }

  /** Take that the user is no longer in a conversation. */
  forget(id) {
    this.#asked.delete(id);
    this.#added.delete(id);
    const left = new Map(this.#entries.peek());
    left.delete(id);
    this.#replace(left);
  }

  get #me() {
    return this.#app.session.user.value?.id;
  }

  /** Take what a conversation that is open knows: it may be more than was told to the list. */
  #learned(id, last, read) {
    if (last) {
      this.#heard(id, last);
    } else if (!this.#entries.peek().has(id)) {
      this.#ask(id);
    }
    this.#noteRead(id, read);
  }

  #noteRead(id, seq) {
    this.#change(id, (entry) => entries.withRead(entry, seq));
  }

  async #set(id, settings) {
    const change = () => this.#app.session.request("PATCH", `/conversations/${id}/settings`, settings);
    this.put((await this.#turns.take(id, change)).conversation);
  }

  #take(views) {
    const before = this.#entries.peek();
    const all = new Map(views.map((view) => [view.id, entries.entryOf(view, this.#me, before.get(view.id))]));
    for (const id of this.#added) {
      all.set(id, all.get(id) ?? before.get(id));
    }
    this.#replace(all);
    for (const {id, unread, delivered, last_seq: seq} of views) {
      if (unread && (delivered?.[this.#me] ?? 0) < seq) {
        this.#deliveries.note(id, seq);
      }
    }
    if (this.#left) {
      this.#app.caughtUp.add(entries.missedSince(this.#left, all.values(), this.#me));
      this.#left = null;
    }
  }

  #updated({conversation_id: id, ...news}) {
    if (news.removed) {
      this.forget(id);
    } else if (news.last_message) {
      this.#recountAfter(id, news.last_message);
      this.#heard(id, news.last_message);
      if (news.last_message.sender.id !== this.#me) {
        this.#deliveries.note(id, news.last_seq);
      }
    } else if (news.changes) {
      this.#change(id, (entry) => entries.withGroup(entry, news)) || this.#ask(id);
    } else {
      const {pinned, muted_until: mutedUntil = null} = news;
      this.#change(id, (entry) => ({...entry, pinned, muted_until: mutedUntil})) || this.#ask(id);
    }
  }

  #heard(id, message) {
    this.#change(id, (entry) => entries.withMessage(entry, message, this.#me)) || this.#ask(id);
  }

  /** Of several messages the list hears of the last: those before it may be one's own, from another device. */
  #recountAfter(id, {seq}) {
    const entry = this.#entries.peek().get(id);
    const isSmall = entry && entry.members.length === entry.member_count; // a large group is not worth the question
    if (isSmall && seq > entry.last_seq + 1) {
      clearTimeout(this.#recounts.get(id));
      this.#recounts.set(
        id,
        setTimeout(() => this.#ask(id), RECOUNT_PAUSE_MS),
      );
    }
  }

  #renamed(user) {
    this.#replace(new Map([...this.#entries.peek()].map(([id, entry]) => [id, entries.withProfile(entry, user)])));
  }

  /** Change an entry; tell whether there is one. */
  #change(id, change) {
    const before = this.#entries.peek();
    const entry = before.get(id);
    const after = entry && change(entry);
    if (after !== entry) {
      this.#replace(new Map(before).set(id, after));
    }
    return Boolean(entry);
  }

  #replace(all) {
    const now = Date.now();
    batch(() => {
      this.#entries.value = all;
      this.#now.value = now;
    });
    clearTimeout(this.#unmuting);
    const ends = [...all.values()]
      .map(({muted_until: until}) => (until ? Date.parse(until) : 0))
      .filter((end) => end > now);
    if (ends.length) {
      const pause = Math.min(Math.min(...ends) - now + 1, LONGEST_TIMER_MS);
      this.#unmuting = setTimeout(() => this.#replace(this.#entries.peek()), pause);
    }
  }

  /** Get a conversation that is not in the list yet, or not as it should be. */
  async #ask(id) {
    if (this.#asked.has(id)) {
      return;
    }
    this.#asked.add(id);
    try {
      const {conversation} = await this.#app.session.request("GET", `/conversations/${id}`);
      if (this.#asked.has(id)) {
        this.put(conversation);
      }
    } catch {
      // Not in it any more; or else the next connection lists it.
    }
    this.#asked.delete(id);
  }
}
