// What the server notes in a group, in words.

import {t} from "#js/core/texts.js";

/** `nameOf(id)` knows people; `me` is one's own id. */
export function systemText({system, sender}, nameOf, me) {
  const {action, actor_id: actorId, user_ids: ids = [], name, role} = system;
  const person = (id) => (id === me ? t("thread.you") : nameOf(id));
  const actor = actorId === me ? t("thread.you") : (nameOf(actorId) ?? sender.display_name);
  const people = ids
    .filter((id) => action !== "created" || id !== actorId)
    .map((id) => person(id) ?? t("thread.somebody"))
    .join(t("thread.and"));
  const key = action === "role_changed" ? `thread.system_role_${role}` : `thread.system_${action}`;
  return t(key, {actor, people, name});
}
