// One conversation: what is known of it, in the order of `seq` and without holes, and what is on its way out.

import {AckTimeout, ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";

/**
 * Events: "change". Outgoing messages are `{id, content, state: "sending" | "waiting" | "failed", error, at}`; one that
 * waits is sent by itself with the next connection.
 */
export class Conversation extends EventTarget {
  id = null;
  messages = [];
  outgoing = [];
  isLoaded = false;
  isOpened = false; // from then on its messages are kept; until then they are only counted
  hasOlder = false;
  unread = 0;
  problem = null; // what the server refused at the last attempt to enter
  #live;
  #session;
  #known = new Set();
  #end = 0; // no message is missing up to this `seq`, from the oldest that is known
  #revision = 0; // no change of a message is missing up to this one
  #joining = null;
  #joined = false;
  #marked = 0; // the `seq` up to which the server was told that it was read
  #loadingOlder = null;

  constructor(live, session, friend) {
    super();
    this.friend = friend;
    this.#live = live;
    this.#session = session;
  }

  /** Take what the server's list of conversations says of this one; nothing when it is not listed. */
  take({id = null, last_seq: lastSeq = 0, unread = 0} = {}) {
    if (!this.isOpened && !this.#joined) {
      this.id = id;
      this.unread = unread;
      this.#end = lastSeq;
    }
  }

  /** Have the messages of a conversation that is not opened come as well, to be counted. */
  async follow() {
    if (this.isOpened || this.#joined) {
      return;
    }
    const {conversation, messages} = await this.#live.ask("join_chat", {...this.#target, after_seq: this.#end});
    if (!this.isOpened) {
      this.id = conversation.id;
      this.#joined = true;
      messages.forEach((message) => this.#count(message));
    }
  }

  get #target() {
    return this.id ? {conversation_id: this.id} : {friend_id: this.friend.id};
  }

  #count({seq, sender}) {
    if (seq > this.#end) {
      this.#end = seq;
      this.unread += sender.id === this.#session.user.value?.id ? 0 : 1;
    }
  }

  /** Forget that this connection has joined; the next `join` catches up. */
  disconnected() {
    this.#joined = false;
  }

  /** Enter the conversation, or catch up with what was missed; then send again what was lost. */
  join() {
    this.isOpened = true;
    this.#joining ??= this.#join()
      .catch((error) => {
        this.problem = error instanceof Refusal ? error : null;
        if (!(error instanceof ConnectionLost)) {
          this.#lost.forEach((message) => Object.assign(message, {state: "failed", error, isLost: !this.problem}));
        }
        this.#changed();
        throw error;
      })
      .finally(() => {
        this.#joining = null;
      });
    return this.#joining;
  }

  async #join() {
    if (!this.isLoaded) {
      const {conversation, messages, has_more: hasMore} = await this.#live.ask("join_chat", {friend_id: this.friend.id});
      this.#end = messages.at(-1)?.seq ?? 0;
      this.#merge(messages);
      this.id = conversation.id;
      this.#revision = conversation.revision;
      this.isLoaded = true;
      this.hasOlder = hasMore;
    } else {
      await this.#catchUp();
    }
    this.#joined = true;
    this.problem = null;
    this.#changed();
    this.#lost.forEach((message) => this.#transmit(message));
  }

  get #lost() {
    return this.outgoing.filter((message) => message.isLost);
  }

  async #catchUp() {
    for (let hasMore = true; hasMore; ) {
      const asked = {conversation_id: this.id, after_seq: this.#end, after_revision: this.#revision};
      const answer = await this.#live.ask("join_chat", asked);
      this.#merge(answer.messages);
      answer.updated.forEach((message) => this.#replace(message));
      this.#revision = answer.conversation.revision;
      hasMore = answer.has_more && answer.messages.length + answer.updated.length > 0;
    }
  }

  /** Take a message that came live; one that leaves a hole before it has the hole filled. */
  receive(message) {
    if (!this.isLoaded) {
      this.#count(message);
      return;
    }
    this.#merge([message]);
    this.#changed();
    if (this.#joined && message.seq > this.#end) {
      this.join().catch(() => {}); // joined again with the next connection
    }
  }

  /** Take a message that was edited or recalled. */
  update(message) {
    this.#replace(message);
    this.#changed();
  }

  #replace(message) {
    this.messages = this.messages.map((known) => (known.id === message.id ? message : known));
  }

  /** Note, here and at the server, that all that is known has been read. */
  read() {
    this.unread = 0;
    if (this.#joined && this.isLoaded && this.#end > this.#marked) {
      this.#marked = this.#end;
      this.#live.ask("mark_read", {conversation_id: this.id, seq: this.#end}).catch(() => {
        this.#marked = 0; // said again with the next news, or the next connection
      });
    }
  }

  /** Take that the user has read up to `seq` in another window or on another device. */
  readElsewhere(seq) {
    if (seq >= this.#end) {
      this.unread = 0;
    }
  }

  send(content) {
    const message = {id: newId(), content, at: new Date()};
    this.outgoing.push(message);
    return this.#transmit(message);
  }

  retry(message) {
    return this.#transmit(message);
  }

  discard(message) {
    this.outgoing = this.outgoing.filter((other) => other !== message);
    this.#changed();
  }

  async #transmit(message) {
    Object.assign(message, {state: "sending", error: null, isLost: false});
    this.#changed();
    const {content, id} = message;
    try {
      const ack = await this.#live.ask("send_message", {...this.#target, content, type: "text", client_msg_id: id});
      this.#merge([ack.message]);
    } catch (error) {
      // The id makes sending again harmless, whether the first time arrived or not.
      const isGone = error instanceof ConnectionLost;
      const isLost = isGone || error instanceof AckTimeout;
      Object.assign(message, {state: isGone ? "waiting" : "failed", error, isLost});
    }
    this.#changed();
  }

  /** Load what came before the oldest message that is known. */
  loadOlder() {
    this.#loadingOlder ??= this.#loadOlder().finally(() => {
      this.#loadingOlder = null;
    });
    return this.#loadingOlder;
  }

  async #loadOlder() {
    const before = this.messages[0]?.seq;
    const query = before ? `?before_seq=${before}&limit=50` : "?limit=50";
    const page = await this.#session.request("GET", `/conversations/${this.id}/messages${query}`);
    this.hasOlder = page.has_more;
    this.#merge(page.messages);
    this.#changed();
  }

  #merge(messages) {
    const news = messages.filter((message) => !this.#known.has(message.seq));
    const mine = this.#session.user.value?.id;
    for (const message of news) {
      this.#known.add(message.seq);
      if (message.sender.id === mine) {
        this.outgoing = this.outgoing.filter((other) => other.id !== message.client_msg_id);
      } else if (this.isLoaded && message.seq > this.#end) {
        this.unread += 1;
      }
    }
    while (this.#known.has(this.#end + 1)) {
      this.#end += 1;
    }
    if (news.length) {
      this.messages = [...this.messages, ...news].sort((one, other) => one.seq - other.seq);
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Return an id that no other message has; randomUUID is hidden from pages without TLS. */
function newId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
