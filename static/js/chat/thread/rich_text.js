// What people write: links and mentions in it can be told apart; the rest is text.

import {html} from "#js/core/view.js";

const LINK = /\bhttps?:\/\/[^\s<>"'“”‘’，。；！？、）】》]+/giu;
const TRAILING = /[.,;:!?)\]}]+$/;

/** Return `{kind: "text" | "link" | "mention", text, …}` in order; `names` are the usernames that are mentioned. */
export function partsOf(text, names = []) {
  const parts = [];
  let from = 0;
  for (const {index, 0: found} of text.matchAll(LINK)) {
    const link = closed(found);
    parts.push(...mentionsIn(text.slice(from, index), names), {kind: "link", text: link});
    from = index + link.length;
  }
  return [...parts, ...mentionsIn(text.slice(from), names)];
}

/** A link without the punctuation behind it, unless a bracket was opened in it. */
function closed(link) {
  const end = TRAILING.exec(link)?.[0] ?? "";
  return end.startsWith(")") && link.includes("(")
    ? link.slice(0, link.indexOf(end) + 1)
    : link.slice(0, link.length - end.length);
}

function mentionsIn(text, names) {
  if (!text || !names.length) {
    return text ? [{kind: "text", text}] : [];
  }
  const longestFirst = [...names].sort((one, other) => other.length - one.length).map(escaped);
  const pattern = new RegExp(`(@(?:${longestFirst.join("|")}))(?![A-Za-z0-9_])`, "giu");
  return text
    .split(pattern)
    .map((part, index) => ({kind: index % 2 ? "mention" : "text", text: part}))
    .filter((part) => part.text);
}

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&");

export function RichText({text, names, mine}) {
  return partsOf(text, names).map(({kind, text: part}) => {
    if (kind === "link") {
      return html`<a href=${part} target="_blank" rel="noopener noreferrer nofollow">${part}</a>`;
    }
    return kind === "mention"
      ? html`<span class="mention" data-me=${part.slice(1).toLowerCase() === mine || undefined}>${part}</span>`
      : part;
  });
}
