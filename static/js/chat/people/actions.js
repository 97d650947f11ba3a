// What one does to people and groups for good: asked about first, and said when it fails.

import {go, place} from "#js/core/router.js";
import {Refusal} from "#js/core/session.js";
import {t} from "#js/core/texts.js";
import {confirm} from "#js/ui/dialog.js";
import {complain} from "#js/ui/toasts.js";

/** What the server refuses, where its code alone does not say enough. */
const REFUSED = {
  accept: {limit_reached: "chat.refused_too_many_friends", not_found: "chat.refused_request_gone"},
  ask: {conflict: "chat.refused_asked_already", limit_reached: "chat.refused_too_many_requests"},
  block: {limit_reached: "chat.refused_too_many_blocked"},
  decline: {not_found: "chat.refused_request_gone"},
  group: {
    conflict: "chat.refused_group_changed",
    invalid_input: "chat.refused_group_name",
    limit_reached: "chat.refused_group_full",
    not_friends: "chat.refused_no_friends_of_yours",
  },
  pin: {limit_reached: "chat.refused_too_many_pinned"},
  withdraw: {not_found: "chat.refused_request_gone"},
};

/** Return the error in the words that fit what was tried. */
export function inWords(error, tried) {
  const key = REFUSED[tried]?.[error.code];
  return key ? new Refusal("refused", t(key)) : error;
}

/** Do something; say so when it fails. Tells whether it was done. */
export async function attempt(work, tried) {
  try {
    await work();
    return true;
  } catch (error) {
    complain(inWords(error, tried));
    return false;
  }
}

/** The questions: what is asked, and what will follow. */
async function ask(name, values, action) {
  return confirm({
    title: t(`chat.question_${name}`, values),
    text: t(`chat.consequence_${name}`, values),
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
    await attempt(() => friends.block(user), "block");
  }
}

export async function leave({groups}, id, name) {
  if (await ask("leave", {name}, "chat.leave")) {
    const isOpen = place.peek().path[0] === id;
    if ((await attempt(() => groups.leave(id))) && isOpen) {
      go(["chat"], {replace: true});
    }
  }
}

export async function removeMember({groups}, id, user) {
  if (await ask("remove_member", {name: user.display_name}, "chat.remove_member")) {
    await attempt(() => groups.remove(id, user.id), "group");
  }
}

export async function handOver({groups}, id, user) {
  if (await ask("hand_over", {name: user.display_name}, "chat.hand_over")) {
    await attempt(() => groups.setRole(id, user.id, "owner"), "group");
  }
}
