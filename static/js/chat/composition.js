// What somebody is about to send: text, what it replies to, files and stocks beside it; or the edit of a message.

import {newId} from "#js/core/ids.js";
import {excerptOf} from "#js/chat/stretch.js";
import {isShownType} from "#js/chat/uploads.js";
import {t} from "#js/core/texts.js";
import {signal} from "#js/core/view.js";
import {toast} from "#js/ui/toasts.js";

export const MOST_CHARACTERS = 10_000;
export const MOST_ATTACHMENTS = 10;

export class Composition {
  /** `{id, blob, url?, problem?}` for a file, `{id, stock}` for a stock. */
  attachments = signal([]);
  /** The message that is edited, with the text so far, or null. */
  editing = signal(null);
  #app;
  #conversation;

  constructor(app, conversation) {
    this.#app = app;
    this.#conversation = conversation;
  }

  get text() {
    return this.editing.value ? this.editing.value.text : this.#draft.text;
  }

  set text(text) {
    if (this.editing.value) {
      this.editing.value = {...this.editing.value, text};
    } else {
      this.#app.drafts.set(this.#conversation.name, {...this.#draft, text});
    }
  }

  /** The excerpt of the message that is replied to, or null. */
  get replyTo() {
    return this.editing.value ? null : (this.#draft.replyTo ?? null);
  }

  get #draft() {
    return this.#app.drafts.of(this.#conversation.name);
  }

  reply(message) {
    this.editing.value = null;
    this.#app.drafts.set(this.#conversation.name, {...this.#draft, replyTo: message && excerptOf(message)});
  }

  edit(message) {
    this.editing.value = message && {message, text: message.content};
  }

  attachFiles(blobs) {
    const limits = this.#app.limits;
    const added = this.#fitting([...blobs]).map((blob) => ({
      id: newId(),
      blob,
      url: isShownType(blob.type) ? URL.createObjectURL(blob) : null,
      problem: limits.problemOf(blob),
    }));
    this.attachments.value = [...this.attachments.value, ...added];
  }

  attachStock(stock) {
    if (!this.attachments.value.some((one) => one.stock?.symbol === stock.symbol)) {
      const added = this.#fitting([stock]).map((one) => ({id: newId(), stock: one}));
      this.attachments.value = [...this.attachments.value, ...added];
    }
  }

  /** Return as many as there is room for, and tell how many are left out. */
  #fitting(wanted) {
    const fitting = wanted.slice(0, MOST_ATTACHMENTS - this.attachments.value.length);
    const count = wanted.length - fitting.length;
    if (count) {
      toast({kind: "warn", text: t("thread.left_out", {count, most: MOST_ATTACHMENTS}), key: "left out"});
    }
    return fitting;
  }

  detach({id, url}) {
    this.attachments.value = this.attachments.value.filter((one) => one.id !== id);
    if (url) {
      URL.revokeObjectURL(url);
    }
  }

  /** Whether what is edited is the caption of a picture or a file, which may go. */
  get isCaption() {
    const {value: editing} = this.editing;
    return editing !== null && editing.message.type !== "text";
  }

  /** How many characters may still be written, as the server counts them. */
  get left() {
    const {text} = this;
    return MOST_CHARACTERS - (text.length > MOST_CHARACTERS / 2 ? [...text].length : text.length);
  }

  get canSend() {
    const attached = this.attachments.value;
    const says = Boolean(this.text.trim()) || (this.editing.value ? this.isCaption : attached.length > 0);
    return says && this.left >= 0 && !attached.some(({problem}) => problem);
  }

  /** Send it, each part as a message; of an edit return its promise. */
  submit() {
    if (!this.canSend) {
      return null;
    }
    const {value: editing} = this.editing;
    if (editing) {
      return this.#submitEdit(editing);
    }
    this.#parts().forEach((part, index) =>
      this.#conversation.send(index ? part : {...part, reply: this.replyTo ?? undefined}),
    );
    this.attachments.value.forEach((one) => this.detach(one));
    this.#app.drafts.set(this.#conversation.name, {text: ""});
    return null;
  }

  /** An edit that fails is there again, to be tried once more. */
  async #submitEdit(editing) {
    const text = editing.text.trim() ? editing.text : "";
    this.editing.value = null;
    try {
      if (text !== editing.message.content) {
        await this.#conversation.edit(editing.message, text);
      }
    } catch (error) {
      this.editing.value ??= editing;
      throw error;
    }
  }

  /** One file takes the text as its caption; beside several, or a stock, it is a message of its own. */
  #parts() {
    const text = this.text.trim() ? this.text : "";
    const attached = this.attachments.value;
    const files = attached.filter(({blob}) => blob);
    const isCaption = files.length === 1 && attached.length === 1;
    const parts = files.map(({blob}) => ({blob, content: isCaption ? text : ""}));
    const stocks = attached.filter(({stock}) => stock);
    parts.push(...stocks.map(({stock}) => ({type: "stock", content: stock.symbol, stock})));
    return text && !isCaption ? [...parts, {content: text}] : parts;
  }
}
