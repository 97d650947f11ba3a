// What one does to people and groups for good: asked about first, and said when it fails.

import {go, place} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {confirm} from "#js/ui/dialog.js";
import {complain} from "#js/ui/toasts.js";

/** Do something; say so when it fails. Tells whether it was done. */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** The questions: their texts are `chat.<name>_question` and `chat.<name>_text`. */
async function ask(name, values, action) {
  return confirm({
    title: t(`chat.${name}_question`, values),
    text: t(`chat.${name}_text`, values),
    action: t(action),
    isDangerous: true,
  });
}

export async function removeFriend({friends}, user) {
  if (await ask("remove", {name: user.display_name}, "chat.remove_friend")) {
    await attempt(() => friends.remove(user.id));
  }
}

export async function block({friends}, user) {
  if (await ask("block", {name: user.display_name}, "chat.block")) {
    await attempt(() => friends.block(user));
  }
}

export async function leave({groups}, {id, title}) {
  if (await ask("leave", {name: title}, "chat.leave")) {
    const isOpen = place.peek().path[0] === id;
    if ((await attempt(() => groups.leave(id))) && isOpen) {
      go(["chat"], {replace: true});
    }
  }
}

export async function removeMember({groups}, id, user) {
  if (await ask("remove_member", {name: user.display_name}, "chat.remove_member")) {
    await attempt(() => groups.remove(id, user.id));
  }
}

export async function handOver({groups}, id, user) {
  if (await ask("hand_over", {name: user.display_name}, "chat.hand_over")) {
    await attempt(() => groups.setRole(id, user.id, "owner"));
  }
}
