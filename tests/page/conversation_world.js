// A server that holds one conversation, for what is tested of one.

import {Conversation} from "#js/chat/conversation.js";
import {Drafts} from "#js/chat/drafts.js";
import {Limits} from "#js/chat/limits.js";
import {Outbox} from "#js/chat/outbox.js";
import {signal} from "#js/core/view.js";
import {BOB, ME} from "./chat_support.js";
import {FakeLive} from "./support.js";

/** A server that holds one conversation, and the app of one of its members. */
export class World {
  live = new FakeLive();
  messages = [];
  changed = [];
  read = {};
  revision = 0;
  requests = [];

  constructor() {
    const session = {request: async (method, path) => this.#request(method, path)};
    const friends = {list: signal([BOB]), following: {state: signal("ready")}};
    this.app = {me: ME, live: this.live, session, friends, uploads: {list: signal([])}};
    this.app.limits = new Limits(this.app);
    this.app.drafts = new Drafts(this.app);
    this.app.outbox = new Outbox(this.app);
    this.live.answers("join_chat", (asked) => this.#join(asked));
    this.live.answers("send_message", (asked) => ({message: this.says(ME, asked.content, asked)}));
    for (const name of ["mark_read", "mark_delivered", "typing"]) {
      this.live.answers(name, () => ({}));
    }
    this.conversation = new Conversation(this.app, {friend: BOB});
  }

  says(sender, content = "", {client_msg_id: id = null} = {}) {
    const seq = this.messages.length + 1;
    const message = {
      id: `m${seq}`,
      conversation_id: "c",
      seq,
      sender,
      type: "text",
      content,
      created_at: "2026-01-05T10:00:00Z",
      client_msg_id: id,
    };
    this.messages.push(message);
    this.revision += 1;
    if (sender === ME) {
      this.read.me = seq;
    }
    return message;
  }

  many(count, sender = BOB) {
    return Array.from({length: count}, (_, number) => this.says(sender, `message ${number}`));
  }

  tell(message) {
    this.live.tell("new_message", {conversation_id: "c", message});
  }

  async enter() {
    this.live.becomes("live");
    await this.conversation.join();
    return this.conversation;
  }

  asked(name) {
    return this.live.asked.filter(([event]) => event === name).map(([, payload]) => payload);
  }

  #join({after_seq: after}) {
    const messages = after === undefined ? this.messages.slice(-50) : this.messages.slice(after);
    const read = this.read.me ?? 0;
    const unread = this.messages.filter(({seq, sender}) => seq > read && sender !== ME).length;
    const conversation = {
      id: "c",
      kind: "direct",
      members: [ME, BOB],
      last_seq: this.messages.length,
      revision: this.revision,
      unread,
      read: this.read,
      delivered: {},
    };
    return {conversation, messages, updated: after === undefined ? [] : this.changed, has_more: false};
  }

  async #request(method, path) {
    this.requests.push(path);
    const query = Object.fromEntries(new URLSearchParams(path.split("?")[1]));
    const number = (name) => (query[name] === undefined ? null : Number(query[name]));
    const [before, after, around, limit] = ["before_seq", "after_seq", "around_seq", "limit"].map(number);
    let found = this.messages.filter(({seq}) => (before === null || seq < before) && (after === null || seq > after));
    if (around !== null) {
      found = found.filter(({seq}) => Math.abs(seq - around) <= limit / 2);
    }
    const part = after === null ? found.slice(-limit) : found.slice(0, limit);
    return {messages: part.toReversed(), has_more: part.length < found.length};
  }
}
