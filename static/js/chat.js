// The chat pane: the messages of one conversation, and the field to write the next.

import {byId, create, reconcile, setText} from "./dom.js";
import {Refusal} from "./session.js";
import {language, onLanguage, t} from "./texts.js";

const NEAR_END_PIXELS = 80;

export class ChatPane {
  #session;
  #conversation = null;
  #unseen = 0;
  #lastShownSeq = 0;
  #drafts = new Map();
  #onChange = () => this.#render();
  #scroller = byId("scroller");
  #list = byId("messages");
  #draft = byId("draft");

  constructor(session) {
    this.#session = session;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#draft.addEventListener("keydown", (event) => {
      // Enter that ends the input of Chinese is not the one that sends.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
        event.preventDefault();
        this.#send();
      }
    });
    this.#draft.addEventListener("input", () => this.#fitDraft());
    byId("load-older").addEventListener("click", () => this.#loadOlder());
    byId("to-newest").addEventListener("click", () => this.#scrollToEnd());
    this.#scroller.addEventListener("scroll", () => this.#isAtEnd() && this.#see(), {passive: true});
    onLanguage(() => this.#render());
  }

  /** Show a conversation, or none. */
  show(conversation) {
    const before = this.#conversation;
    if (before) {
      before.removeEventListener("change", this.#onChange);
      this.#drafts.set(before, this.#draft.value);
    }
    this.#conversation = conversation;
    this.#list.replaceChildren();
    this.#unseen = 0;
    this.#lastShownSeq = 0;
    byId("chat-body").hidden = !conversation;
    byId("chat-empty").hidden = Boolean(conversation);
    setText(byId("chat-title"), conversation?.friend.display_name ?? "");
    if (!conversation) {
      this.#drafts.clear();
      this.#draft.value = "";
      return;
    }
    this.#draft.value = this.#drafts.get(conversation) ?? "";
    conversation.addEventListener("change", this.#onChange);
    this.#render();
    this.#fitDraft();
    this.#scrollToEnd();
    if (matchMedia("(pointer: fine)").matches) {
      this.#draft.focus();
    }
  }

  #send() {
    const content = this.#draft.value;
    if (this.#conversation && content.trim()) {
      this.#draft.value = "";
      this.#fitDraft();
      this.#conversation.send(content);
      this.#scrollToEnd();
    }
  }

  async #loadOlder() {
    const button = byId("load-older");
    const height = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    button.disabled = true;
    try {
      await this.#conversation.loadOlder();
      this.#note("");
      this.#scroller.scrollTop = this.#scroller.scrollHeight - height; // what was in view stays there
    } catch (error) {
      this.#note(error instanceof Refusal ? error.message : t("page.unreachable"));
    }
    button.disabled = false;
  }

  #note(text) {
    const note = byId("history-note");
    note.hidden = !text;
    setText(note, text);
  }

  #render() {
    const conversation = this.#conversation;
    if (!conversation) {
      return;
    }
    const wasAtEnd = this.#isAtEnd();
    byId("load-older").hidden = !conversation.hasOlder;
    this.#note(conversation.problem?.message ?? (conversation.isLoaded ? "" : t("page.loading")));
    reconcile(this.#list, this.#items(), (item) => item.key, makeItem, (element, item) => this.#update(element, item));
    this.#countUnseen(wasAtEnd);
    if (wasAtEnd) {
      this.#scrollToEnd();
    }
  }

  #items() {
    const items = [];
    let day = "";
    for (const message of this.#conversation.messages) {
      const date = new Date(message.created_at);
      if (date.toDateString() !== day) {
        day = date.toDateString();
        items.push({key: `day ${day}`, day: date});
      }
      items.push({key: `seq ${message.seq}`, message, date, isMine: message.sender.id === this.#session.user?.id});
    }
    for (const outgoing of this.#conversation.outgoing) {
      items.push({key: `out ${outgoing.id}`, outgoing, message: outgoing, date: outgoing.at, isMine: true});
    }
    return items;
  }

  #update(element, item) {
    if (item.day) {
      setText(element, item.day.toLocaleDateString(language, {dateStyle: "full"}));
      return;
    }
    const [bubble, foot] = element.children;
    const state = item.outgoing?.state ?? (item.isMine ? "sent" : "received");
    element.dataset.state = state;
    element.classList.toggle("mine", item.isMine);
    setText(bubble, item.message.recalled ? t("page.recalled") : item.message.content);
    const time = item.date.toLocaleTimeString(language, {timeStyle: "short"});
    const stateText = item.isMine ? t(`page.${state}`) : "";
    setText(foot.firstElementChild, [time, stateText].filter(Boolean).join(" · "));
    this.#updateFailure(foot, item.outgoing);
  }

  #updateFailure(foot, outgoing) {
    if (outgoing?.state !== "failed") {
      foot.querySelectorAll("button, .error").forEach((element) => element.remove());
      return;
    }
    if (!foot.querySelector("button")) {
      const why = outgoing.error instanceof Refusal ? outgoing.error.message : t("page.connection_lost");
      const retry = create("button", {type: "button", className: "link retry", data: {text: "page.retry"}}, t("page.retry"));
      const drop = create("button", {type: "button", className: "link", data: {text: "page.discard"}}, t("page.discard"));
      retry.addEventListener("click", () => this.#conversation.retry(outgoing));
      drop.addEventListener("click", () => this.#conversation.discard(outgoing));
      foot.append(create("span", {className: "error"}, why), retry, drop);
    }
  }

  #countUnseen(isSeen) {
    const messages = this.#conversation.messages;
    if (!isSeen && this.#lastShownSeq) {
      const mine = this.#session.user?.id;
      this.#unseen += messages.filter(({seq, sender}) => seq > this.#lastShownSeq && sender.id !== mine).length;
    }
    this.#lastShownSeq = messages.at(-1)?.seq ?? 0;
    byId("to-newest").hidden = this.#unseen === 0;
    setText(byId("to-newest"), t("page.new_messages", {count: this.#unseen}));
  }

  #see() {
    this.#unseen = 0;
    byId("to-newest").hidden = true;
  }

  #isAtEnd() {
    const {scrollHeight, scrollTop, clientHeight} = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PIXELS;
  }

  #scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#see();
  }

  /** Let the field be as high as its text, within what the style sheet allows. */
  #fitDraft() {
    if (!this.#draft.offsetParent) {
      return; // in a pane that is not shown nothing can be measured
    }
    this.#draft.style.height = "auto";
    const border = this.#draft.offsetHeight - this.#draft.clientHeight;
    this.#draft.style.height = `${this.#draft.scrollHeight + border}px`;
  }
}

function makeItem(item) {
  if (item.day) {
    return create("li", {className: "day"});
  }
  const foot = create("p", {className: "foot"}, create("span"));
  return create("li", {className: "message"}, create("p", {className: "bubble"}), foot);
}
