// What a notification says: in the reader's language where it is the product's own, else in the words it came with.

import {said} from "#js/core/texts.js";

/** Return `{title, content}`. */
export function wordsOf({title, content, text}) {
  const inCatalogue = (part) => text && said(`${text.key}.${part}`, text.values);
  return {title: inCatalogue("title") ?? title, content: inCatalogue("content") ?? content};
}
