// What somebody has begun to write, in each conversation: it is still there after a reload, and in other tabs.

import {kept} from "#js/core/storage.js";

const MOST = 100;

/** `all` is a signal of `{<conversation>: {text, replyTo?, at}}`: a group by its id, another as `with-<friend's id>`. */
export class Drafts {
  constructor({me}) {
    this.all = kept(`drafts-${me.id}`, {});
  }

  of(name) {
    return this.all.value[name] ?? {text: ""};
  }

  /** Keep a draft; one that says nothing is forgotten, and so are the oldest of too many. */
  set(name, {text, replyTo = null}) {
    const {[name]: before, ...others} = this.all.peek();
    if (text || replyTo) {
      const all = Object.entries({...others, [name]: {text, replyTo, at: Date.now()}});
      this.all.value = Object.fromEntries(all.sort(([, one], [, other]) => other.at - one.at).slice(0, MOST));
    } else if (before) {
      this.all.value = others;
    }
  }
}
