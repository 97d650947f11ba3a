// What can be done with a conversation, as the items of a menu.

import {showGroup, showProfile} from "#js/chat/dialogs.js";
import {attempt, block, leave, removeFriend} from "#js/chat/people/actions.js";
import {t} from "#js/core/texts.js";

const HOUR_MS = 3_600_000;
const FOR_GOOD_MS = 1_000 * 365 * 24 * HOUR_MS;

export function actionsOf(app, row) {
  return [
    ...(row.id ? ownSettings(app, row) : []),
    ...(row.kind === "group" ? groupActions(app, row) : friendActions(app, row)),
  ];
}

function ownSettings({conversations}, {id, unread, isPinned, isMuted}) {
  const mute = (pause) => () => attempt(() => conversations.mute(id, pause && Date.now() + pause));
  return [
    unread > 0 && {text: t("chat.mark_read"), icon: "check", run: () => attempt(() => conversations.markRead(id))},
    {
      text: t(isPinned ? "chat.unpin" : "chat.pin"),
      icon: "pin",
      run: () => attempt(() => conversations.pin(id, !isPinned), "pin"),
    },
    isMuted && {text: t("chat.unmute"), icon: "bell", run: mute(null)},
    !isMuted && {text: t("chat.mute_hour"), icon: "mute", run: mute(HOUR_MS)},
    !isMuted && {text: t("chat.mute_hours", {count: 8}), icon: "mute", run: mute(8 * HOUR_MS)},
    !isMuted && {text: t("chat.mute_always"), icon: "mute", run: mute(FOR_GOOD_MS)},
  ];
}

const groupActions = (app, row) => [
  {text: t("chat.group_info"), icon: "users", run: () => showGroup(row.id)},
  {text: t("chat.leave"), icon: "logout", isDangerous: true, run: () => leave(app, row.id, row.title)},
];

const friendActions = (app, {user, isFriend}) => [
  {text: t("chat.profile"), icon: "user", run: () => showProfile(user)},
  isFriend && {text: t("chat.remove_friend"), icon: "trash", isDangerous: true, run: () => removeFriend(app, user)},
  !app.friends.isBlocked(user.id) && {
    text: t("chat.block"),
    icon: "shield",
    isDangerous: true,
    run: () => block(app, user),
  },
];
