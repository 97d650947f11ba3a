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
  return t(key, {actor, people, name});
}
