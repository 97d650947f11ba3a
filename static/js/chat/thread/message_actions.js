// What can be done with a message: by its buttons, a right click, a long press, or keys.

import {showReaders} from "#js/chat/dialogs.js";
import {t} from "#js/core/texts.js";
import {complain, toast} from "#js/ui/toasts.js";
import {showMenu} from "#js/ui/menu.js";

const KEYS = {r: "reply", e: "edit", c: "copy", Enter: "menu", ContextMenu: "menu"};

/** Do what an event on the list of messages asks for; `context` is `{app, conversation, place, rows}`. */
export function actOn(event, context) {
  const element = event.target?.closest(".message"); // a long press may have been beside the page
  const row = element && context.rows.find(({key}) => key === element.dataset.key);
  if (!row) {
    return;
  }
  const wanted = event.target.closest("[data-do]");
  if (event.type === "click" && wanted) {
    perform(wanted.dataset.do, {...context, row, element: wanted});
  } else if (event.type === "contextmenu" && !isForBrowser(event)) {
    const items = itemsFor({...context, row});
    if (items.length) {
      showMenu(event, t("thread.more"), items);
    }
  } else if (
    event.type === "keydown" &&
    event.target === element &&
    !event.ctrlKey &&
    !event.metaKey &&
    event.key in KEYS
  ) {
    event.preventDefault();
    const name = KEYS[event.key];
    if (name === "menu" || itemsFor({...context, row}).some((item) => item?.name === name)) {
      perform(name, {...context, row, element});
    }
  }
}

/** A right click on a link or a picture is left to the browser; a long press, which has no such menu, is not. */
const isForBrowser = ({isLong, target}) => !isLong && target.closest("a, img");

/** Go from message to message by the arrow keys; other keys go to `act`. */
export function steer(event, box, act) {
  const step = {ArrowUp: -1, ArrowDown: 1}[event.key];
  const message = event.target.closest?.(".message");
  if (!step || !message || event.target !== message) {
    act(event);
    return;
  }
  const all = [...box.querySelectorAll(".message")];
  event.preventDefault();
  all[all.indexOf(message) + step]?.focus();
}

function perform(name, context) {
  const {conversation, place, row, element} = context;
  const {composition} = conversation;
  const actions = {
    menu: () => menuAt(element, itemsFor(context)),
    show: () => place.go(Number(element.dataset.target)).catch(complain),
    reply: () => composition.reply(row.message),
    edit: () => composition.edit(row.message),
    copy: () => copy(row.message),
    recall: () => conversation.recall(row.message).catch(complain),
    view: () => (place.viewed.value = row.message.id),
    readers: () => showReaders(conversation, row.message),
    retry: () => conversation.retry(row.outgoing),
    discard: () => conversation.discard(row.outgoing),
  };
  actions[name]();
  if (name === "reply" || name === "edit") {
    document.getElementById("draft")?.focus();
  }
}

function menuAt(element, items) {
  const {left, bottom} = (element.querySelector(".bubble") ?? element).getBoundingClientRect();
  const at = {clientX: left, clientY: Math.min(bottom, innerHeight - 8), preventDefault: () => {}};
  showMenu(at, t("thread.more"), items);
}

function itemsFor(context) {
  const {app, conversation, row} = context;
  const {message, outgoing, isMine} = row;
  const run = (name) => () => perform(name, context);
  const item = (name, icon, more) => ({name, icon, text: t(`thread.do_${name}`), run: run(name), ...more});
  const isText = message.type === "text" || Boolean(message.content && message.type !== "stock");
  if (outgoing) {
    return [
      isText && item("copy", "copy"),
      outgoing.error && item("retry", "retry"),
      item("discard", "trash", {isDangerous: true}),
    ];
  }
  if (message.recalled) {
    return [];
  }
  const mayChange = isMine && conversation.canWrite;
  return [
    conversation.canWrite && item("reply", "reply"),
    isText && item("copy", "copy"),
    mayChange &&
      message.type !== "stock" &&
      item("edit", "edit", isCaptioned(message) && {text: t("thread.do_caption")}),
    isMine && conversation.isGroup && item("readers", "eye"),
    mayChange && app.limits.mayRecall(message) && item("recall", "back", {isDangerous: true}),
  ];
}

/** Of a picture or a file what stands below it can be changed, not the file. */
const isCaptioned = ({type}) => type !== "text";

async function copy({content}) {
  try {
    await navigator.clipboard.writeText(content);
    toast({kind: "good", text: t("thread.copied"), key: "copied"});
  } catch {
    toast({kind: "warn", text: t("thread.not_copied"), key: "copied"});
  }
}
