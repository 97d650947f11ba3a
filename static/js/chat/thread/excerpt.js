// A message in one line: above its replies, among the hits of a search, for who listens.

import {t} from "#js/core/texts.js";

/** The words for a message `{type, content, recalled?, stock?, file?}`. */
export function excerptText({type, content, recalled, stock, file}) {
  if (recalled) {
    return t("thread.recalled");
  }
  if (type === "stock") {
    return t("thread.stock_of", {name: stock?.name ?? content});
  }
  const kind = {image: "thread.picture", file: "thread.file"}[type];
  const words = content || (type === "file" && file?.name) || "";
  return kind ? `[${t(kind)}] ${words}`.trim() : content;
}
