// The conversations that were opened: each is made once, and stays the same for everybody who asks.

import {Conversation} from "#js/chat/conversation.js";
import {effect, signal, untracked} from "#js/core/view.js";

const MOST = 20; // followed at once: each is told of all that is written in it

export class OpenedConversations {
  #app;
  #learn;
  #byId = signal(new Map());
  #begun = new Map(); // by the friend's id, as long as the conversation has none
  #used = new Map(); // how to stop watching, by the conversation, the last used at the end

  /** `learn(id, last, read)` is told of each one's last message and how far the user has read, whenever that changes. */
  constructor(app, learn) {
    this.#app = app;
    this.#learn = learn;
  }

  /** Return the one with this id, if it was opened. */
  find(id) {
    return this.#byId.value.get(id) ?? null;
  }

  /** Return the one of a row, whether it has begun or not; `info` is what is known of it without having entered it. */
  of({id, user}, info = null) {
    const known = id ? this.#byId.peek().get(id) : this.#begun.get(user.id);
    const conversation = known ?? this.#make(id, user, info);
    this.#use(conversation);
    return conversation;
  }

  #make(id, friend, info) {
    const conversation = new Conversation(this.#app, {id, friend, info});
    if (!id) {
      this.#begun.set(friend.id, conversation);
    }
    this.#used.set(
      conversation,
      effect(() => this.#watch(conversation)),
    );
    return conversation;
  }

  #use(conversation) {
    const stop = this.#used.get(conversation);
    this.#used.delete(conversation);
    const spare = [...this.#used.keys()].filter((other) => !other.isInUse);
    spare.slice(0, Math.max(0, this.#used.size + 1 - MOST)).forEach((other) => this.#leave(other));
    this.#used.set(conversation, stop);
  }

  /** Forget one: whoever comes back to it opens it anew. */
  #leave(conversation) {
    this.#used.get(conversation)();
    this.#used.delete(conversation);
    const isOther = ([, other]) => other !== conversation;
    this.#begun = new Map([...this.#begun].filter(isOther));
    this.#byId.value = new Map([...this.#byId.peek()].filter(isOther));
    conversation.leave();
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
