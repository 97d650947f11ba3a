// The conversations that were opened: each is made once, and stays the same for everybody who asks.

import {Conversation} from "#js/chat/conversation.js";
import {effect, signal, untracked} from "#js/core/view.js";

export class OpenedConversations {
  #app;
  #learn;
  #byId = signal(new Map());
  #begun = new Map(); // by the friend's id, as long as the conversation has none

  /** `learn(id, last, read)` is told of each one's last message and how far the user has read, whenever that changes. */
  constructor(app, learn) {
    this.#app = app;
    this.#learn = learn;
  }

  /** Return the one with this id, if it was opened. */
  find(id) {
    return this.#byId.value.get(id) ?? null;
  }

  /** Return the one of a row, whether it has begun or not. */
  of({id, user}) {
    const known = id ? this.#byId.peek().get(id) : this.#begun.get(user.id);
    return known ?? this.#make(id, user);
  }

  #make(id, friend) {
    const conversation = new Conversation(this.#app, {id, friend});
    if (!id) {
      this.#begun.set(friend.id, conversation);
    }
    effect(() => this.#watch(conversation));
    return conversation;
  }

  #watch(conversation) {
    const {id} = conversation;
    const last = conversation.history.recent.value.at(-1);
    const read = conversation.receipts.read.value[this.#app.me.id] ?? 0;
    if (id && !conversation.isGone.value) {
      untracked(() => {
        if (this.#byId.peek().get(id) !== conversation) {
          this.#byId.value = new Map(this.#byId.peek()).set(id, conversation);
        }
        this.#learn(id, last, read);
      });
    }
  }
}
