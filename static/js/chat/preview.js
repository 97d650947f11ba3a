// What the list says of the last message, in one line.

import {t} from "#js/core/texts.js";

/** Return `{label, text}` of a message: what kind of thing it is, where words alone do not say it, and its words. */
export function previewOf(message, {kind, members}, me) {
  if (message.type === "system") {
    return {label: "", text: systemText(message, members, me)};
  }
  const speaker = message.sender.id === me ? t("chat.you") : kind === "group" ? message.sender.display_name : "";
  const said = (text) => (speaker ? t("chat.said", {name: speaker, text}) : text);
  if (message.recalled) {
    return {label: "", text: said(t("chat.recalled"))};
  }
  const {label, text} = contentOf(message);
  return {label: label && said(label), text: label ? text : said(text)};
}

function contentOf({type, content, stock, file}) {
  if (type === "stock") {
    return {label: t("chat.kind_stock"), text: stock ? `${stock.name} ${stock.code}` : content};
  }
  if (type === "image" || type === "file") {
    return {label: t(`chat.kind_${type}`), text: content || (type === "file" ? (file?.name ?? "") : "")};
  }
  return {label: "", text: content.replace(/\s+/g, " ")};
}

function systemText({system, sender}, members, me) {
  const nameOf = (id) =>
    id === me ? t("chat.you") : (members.find((member) => member.id === id)?.display_name ?? t("chat.somebody"));
  const actor = sender.id === me ? t("chat.you") : sender.display_name;
  const who = (system.user_ids ?? []).map(nameOf).join(t("chat.and"));
  const action = system.action === "role_changed" ? `role_${system.role}` : system.action;
  return t(`chat.system_${action}`, {actor, who, name: system.name ?? ""});
}
