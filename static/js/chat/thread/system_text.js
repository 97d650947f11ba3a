// What the server notes in a group, in words.

import {t} from "#js/core/texts.js";

/** `nameOf(person)` is what somebody is called here; `me` is one's own id. */
export function systemText({system, sender, people: named = []}, nameOf, me) {
  const {action, user_ids: ids = [], name, role} = system;
  const actor = sender.id === me ? t("thread.you") : nameOf(sender);
  const names = named.map((one) => (one.id === me ? t("thread.you_object") : nameOf(one))).join(t("thread.and"));
  const count = ids.length - named.length;
  const people = count > 0 ? t("thread.and_others", {names, count}) : names;
  const key = action === "role_changed" ? `thread.system_role_${role}` : `thread.system_${action}`;
  return withNames(key, {actor, people, name});
}

const EDGE = "\u2060"; // takes no room

/** A text with names in it: Chinese puts a space around a Latin name, but none around a Chinese one. */
export function withNames(key, names) {
  const marked = Object.entries(names).map(([name, value]) => [name, EDGE + value + EDGE]);
  return t(key, Object.fromEntries(marked))
    .replace(/(?<=\p{Script=Han}\u2060?) (?=\u2060?\p{Script=Han})/gu, (space, at, text) =>
      text[at - 1] === EDGE || text[at + 1] === EDGE ? "" : space,
    )
    .replaceAll(EDGE, "");
}
