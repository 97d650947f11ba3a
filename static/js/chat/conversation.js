// One conversation: what is known of it, without holes, what is on its way out, and how far everybody has come.

import {Composition} from "#js/chat/composition.js";
import {History} from "#js/chat/history.js";
import {outgoingOf} from "#js/chat/outgoing.js";
import {Reading} from "#js/chat/reading.js";
import {OwnTyping, Typists} from "#js/chat/typing.js";
import {ConnectionLost} from "#js/core/live.js";
import {isLasting} from "#js/core/session.js";
import {batch, computed, signal} from "#js/core/view.js";

const RETRY_MS = 3_000;
const MOST_MISSED = 500; // caught up; of more the newest are loaded anew

export class Conversation {
  /** As the server shows it, with all members; until it was entered what the list knows of it, or null. */
  info = signal(null);
  /** "loading", "ready" or "error", with why. */
  state = signal("loading");
  error = signal(null);
  /** Whether one is no longer in it. */
  isGone = signal(false);
  /** How often its messages were loaded anew, as too many were missed; changes together with them. */
  renewals = signal(0);
  history = new History((query) => this.#ask(query));
  messages = this.history.messages;
  reading = new Reading(this.history, {me: () => this.#me, tell: (event, seq) => this.#tellMark(event, seq)});
  receipts = this.reading.receipts;
  unread = this.reading.unread;
  newFrom = this.reading.newFrom;
  typists = new Typists();
  typing = computed(() => this.typists.ids.value.filter((id) => id !== this.#me));
  #app;
  #id;
  #friend;
  #revision = 0; // no change of a message is missing up to this one
  #joining = null;
  #joined = false;
  #stops = []; // what ends hearing of it, while it is followed
  #early = []; // what came before the first answer

  /** `friend` is the other one of two, `id` null where the conversation has not begun. */
  constructor(app, {id = null, friend = null, info = null}) {
    this.#app = app;
    this.info.value = info;
    this.#id = signal(id);
    this.#friend = signal(friend);
    this.outgoing = outgoingOf(app, this);
    this.composition = new Composition(app, this);
    this.ownTyping = new OwnTyping((isTyping) => this.#tellTyping(isTyping));
  }

  get id() {
    return this.#id.value;
  }

  /** The other one of two; null in a group. */
  get friend() {
    const known = this.info.value;
    const {value: given} = this.#friend;
    return known?.kind === "direct" ? (known.members.find(({id}) => id !== this.#me) ?? given) : given;
  }

  get isGroup() {
    return this.info.value?.kind === "group";
  }

  get title() {
    return this.friend?.display_name ?? this.info.value?.name ?? "";
  }

  /** The members but oneself. */
  get others() {
    return (this.info.value?.members ?? []).filter(({id}) => id !== this.#me);
  }

  /** Whether one may write into it, as far as is known. */
  get canWrite() {
    const {list, following} = this.#app.friends;
    const isFriend = following.state.value !== "ready" || list.value.some(({id}) => id === this.friend?.id);
    return !this.isGone.value && (this.isGroup || isFriend);
  }

  /** What it is called where this browser keeps something of it. */
  get name() {
    return this.friend ? `with-${this.friend.id}` : this.id;
  }

  /** Somebody of it as known here, or else as `person` was. */
  memberOf(person) {
    return this.info.value?.members.find(({id}) => id === person.id) ?? person;
  }

  /** Oneself as a member, with the role. */
  get me() {
    return this.info.value?.members.find(({id}) => id === this.#me) ?? null;
  }

  get #me() {
    return this.#app.me?.id;
  }

  get #target() {
    return this.id ? {conversation_id: this.id} : {friend_id: this.friend.id};
  }

  /** Enter it, or catch up with what was missed; again with each new connection. */
  join() {
    this.follow();
    this.#joining ??= this.#join()
      .catch((error) => this.#notJoined(error))
      .finally(() => {
        this.#joining = null;
      });
    return this.#joining;
  }

  /** Whether somebody sees it, or has begun or sent something here that is not done. */
  get isInUse() {
    const {attachments, editing} = this.composition;
    const isBegun = attachments.peek().length > 0 || editing.peek() !== null || this.outgoing.peek().length > 0;
    return this.history.isOpen || isBegun;
  }

  /** Hear no more of it, and have the server tell no more. */
  leave() {
    this.#stops.forEach((stop) => stop());
    this.#stops = [];
    if (this.id && this.#app.live.state.peek() === "live") {
      this.#app.live.ask("leave_chat", {conversation_id: this.id}).catch(() => {}); // the connection ends it too
    }
    this.disconnected();
  }

  /** Forget that this connection has joined; the next `join` catches up. */
  disconnected() {
    this.#joined = false;
    this.typists.clear();
  }

  #notJoined(error) {
    if (error instanceof ConnectionLost) {
      return; // entered with the next one
    }
    if (this.state.value !== "ready") {
      this.error.value = error;
      this.state.value = "error";
    } else {
      this.isGone.value ||= error.code === "not_found" || error.code === "forbidden";
    }
    if (!isLasting(error)) {
      setTimeout(() => this.#app.live.state.value === "live" && this.#isMissed && this.join(), RETRY_MS);
    }
  }

  async #join() {
    const {live} = this.#app;
    if (this.state.value !== "ready") {
      await this.#begin();
      return;
    }
    for (let hasMore = true; hasMore;) {
      const asked = {conversation_id: this.id, after_seq: this.history.end, after_revision: this.#revision};
      const {conversation, messages, updated, has_more: more} = await live.ask("join_chat", asked);
      if (conversation.last_seq - this.history.end > MOST_MISSED) {
        await this.#begin();
        return;
      }
      hasMore = more && messages.length + updated.length > 0;
      batch(() => {
        updated.forEach((message) => this.history.replace(message));
        this.#merge(messages);
        this.#entered(conversation);
      });
    }
    this.#joined = true;
  }

  /** Show the newest messages, whatever was shown. */
  async #begin() {
    const {conversation, messages} = await this.#app.live.ask("join_chat", this.#target);
    this.#joined = true;
    batch(() => {
      if (this.state.value === "ready") {
        this.renewals.value += 1;
      }
      this.history.restart(messages);
      this.history.append(this.#early.splice(0));
      this.state.value = "ready";
      this.error.value = null;
      this.#entered(conversation);
    });
  }

  #entered(conversation) {
    this.#id.value = conversation.id;
    this.info.value = conversation;
    this.#revision = conversation.revision;
    this.isGone.value = false;
    this.reading.enter(conversation);
  }

  get #isMissed() {
    return this.#stops.length > 0 && !this.#joined;
  }

  /** Hear what the server tells of it, from now on. */
  follow() {
    if (this.#stops.length) {
      return;
    }
    const {live, outbox} = this.#app;
    const of = (hear) => (news) => news.conversation_id === this.id && this.id && hear(news);
    const events = {
      new_message: of(({message}) => this.receive(message)),
      message_updated: of(({message}) => this.history.replace(message)),
      message_read: of(({user_id: who, seq}) => this.reading.marked("read", who, seq)),
      message_delivered: of(({user_id: who, seq}) => this.reading.marked("delivered", who, seq)),
      typing: of((news) => this.typists.hear(news)),
      conversation_updated: of((news) => this.#updated(news)),
      profile_updated: ({user}) => this.#renamed(user),
    };
    this.#stops = Object.entries(events).map(([name, hear]) => live.on(name, hear));
    this.#stops.push(outbox.onSent((message) => message.conversation_id === this.id && this.receive(message)));
    this.#stops.push(live.state.subscribe((state) => (state === "live" ? this.join() : this.disconnected())));
  }

  /** Take a message that came live; one that leaves a hole before it has the hole filled. */
  receive(message) {
    if (this.state.value !== "ready") {
      this.#early.push(message);
      return;
    }
    batch(() => {
      this.typists.forget(message.sender.id);
      if (this.#merge([message]) && this.#joined) {
        this.join();
      }
      if (this.reading.isWatched) {
        this.read();
      } else if (!this.isMine(message)) {
        this.reading.tellDelivered();
      }
    });
  }

  /** Put messages behind the recent ones; tells whether there is a hole before some. */
  #merge(messages) {
    const {news, hasHole} = this.history.append(messages);
    news.forEach((message) => this.#take(message));
    return hasHole;
  }

  #take(message) {
    this.reading.take(message);
    if (this.isMine(message)) {
      this.#app.outbox.discard(message.client_msg_id);
    }
  }

  /** Whether a message is one's own. */
  isMine({sender}) {
    return sender.id === this.#me;
  }

  #updated({removed, changes}) {
    if (removed) {
      this.isGone.value = true;
      this.disconnected();
    } else if (changes) {
      this.#refresh();
    }
  }

  async #refresh() {
    try {
      const {conversation} = await this.#app.session.request("GET", `/conversations/${this.id}`);
      this.info.value = conversation;
      if (this.isGone.value) {
        this.isGone.value = false;
        this.join();
      }
    } catch {
      // the next connection asks again
    }
  }

  #renamed(user) {
    const {value: info} = this.info;
    if (info?.members.some(({id}) => id === user.id)) {
      const members = info.members.map((member) => (member.id === user.id ? {role: member.role, ...user} : member));
      this.info.value = {...info, members};
    }
  }

  /** Note, here and at the server, that everything up to `seq` has been read. */
  read(seq = this.history.end) {
    if (this.state.value === "ready") {
      this.reading.read(seq);
    }
  }

  #tellMark(event, seq) {
    this.#app.live.ask(event, {conversation_id: this.id, seq}).catch(() => {}); // told again when it is entered again
  }

  /** "sent", "delivered" or "read", of a message of one's own. */
  stateOf({seq}) {
    return this.receipts.stateOf(seq, ids(this.others));
  }

  /** Which of the others have read a message. */
  readersOf({seq}) {
    return this.others.filter(({id}) => this.receipts.hasRead(seq, id));
  }

  // Writing

  #tellTyping(isTyping) {
    if (this.id && this.#joined) {
      this.#app.live.ask("typing", {conversation_id: this.id, is_typing: isTyping}).catch(() => {});
    }
  }

  /** Send a message: `{type?, content?, reply?, blob?, stock?}`; `blob` is a file to be uploaded. */
  send({type = "text", content = "", reply, blob, stock}) {
    this.ownTyping.stop();
    this.newFrom.value = null;
    const message = {conversation: this.id, friend: this.friend?.id ?? null, content, reply};
    return blob ? this.#app.uploads.add(blob, message) : this.#app.outbox.add({type, stock, ...message});
  }

  #holderOf({progress}) {
    return progress ? this.#app.uploads : this.#app.outbox;
  }

  retry(outgoing) {
    this.#holderOf(outgoing).retry(outgoing.id);
  }

  discard(outgoing) {
    this.#holderOf(outgoing).discard(outgoing.id);
  }

  async edit({id}, content) {
    this.ownTyping.stop();
    this.history.replace((await this.#app.live.ask("edit_message", {message_id: id, content})).message);
  }

  async recall({id}) {
    this.history.replace((await this.#app.live.ask("recall_message", {message_id: id})).message);
  }

  /** Search: `{q?, type?, from?, before_seq?}`; returns `{messages, has_more}`, the newest first. */
  search(wanted) {
    return this.#ask(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)));
  }

  #ask(query) {
    return this.#app.session.request("GET", `/conversations/${this.id}/messages?${new URLSearchParams(query)}`);
  }
}

const ids = (people) => people.map(({id}) => id);
