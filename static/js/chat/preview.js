// What the list says of the last message, in one line.

import {excerptText} from "#js/chat/thread/excerpt.js";
import {systemText} from "#js/chat/thread/system_text.js";
import {t} from "#js/core/texts.js";

/** Return the words for the last message of a row, also one that has not arrived; in groups with who said them. */
export function previewText({message: last, kind, outgoing}, me) {
  const message = outgoing ? {...outgoing, sender: {id: me}} : last;
  if (message.type === "system") {
    return systemText(message, (person) => person.display_name, me);
  }
  const text = excerptText(message).replace(/\s+/g, " ");
  const speaker = message.sender.id === me ? t("chat.you") : kind === "group" ? message.sender.display_name : "";
  return speaker ? t("chat.said", {name: speaker, text}) : text;
}
