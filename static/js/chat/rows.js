// The lines of the list as they are shown: conversations, and friends to whom nothing was written yet.

import {isMutedAt, unreadOf} from "#js/chat/entries.js";
import {language} from "#js/core/texts.js";

/**
 * Return the rows in order: `{key, id, kind, title, user, presence, isFriend, unread, isMentioned, isPinned, isMuted, message, at,
 * outgoing, …}`. `user` is the other one of two, `presence` a friend's; `id` is null where the conversation has not begun;
 * `outgoing` is what was written last and has not arrived, as in `unsent`, by the friend or else the conversation.
 */
export function rowsOf(all, friends, me, now, unsent = new Map()) {
  const rows = [];
  const met = new Set();
  for (const entry of all) {
    const user = entry.kind === "direct" ? otherOf(entry, me) : null;
    met.add(user?.id);
    if (entry.kind === "group" || entry.last_message || friends.has(user.id)) {
      const outgoing = notArrived(unsent.get(user?.id ?? entry.id), entry);
      rows.push(rowOf(entry, {user, friend: friends.get(user?.id), me, isMuted: isMutedAt(entry, now), outgoing}));
    }
  }
  const others = [...friends.values()].filter(({id}) => !met.has(id));
  const {compare} = new Intl.Collator(language.value, {numeric: true});
  return [...rows, ...others.map((friend) => beginning(friend, unsent.get(friend.id) ?? null))].sort(
    (one, other) => other.isPinned - one.isPinned || other.at - one.at || compare(one.title, other.title),
  );
}

/** The filters of the list. */
export const FILTERS = {
  all: () => true,
  unread: (row) => row.unread > 0,
  groups: (row) => row.kind === "group",
};

/** Tell whether a row is meant by what somebody has typed: each word begins or is in a name. */
export function matches(row, wanted) {
  const names = [row.title, row.user?.username, ...row.others.map(({display_name: name}) => name)];
  const text = names.join("\n").toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** What a draft is called that belongs to a row. */
export const draftOf = ({user, id}) => (user ? `with-${user.id}` : id);

const otherOf = (entry, me) => entry.members.find(({id}) => id !== me);

/** What is shown as the last message has arrived, though its sender has not heard so yet. */
const notArrived = (outgoing, {last_message: last}) =>
  outgoing && outgoing.id !== last?.client_msg_id ? outgoing : null;

const made = new WeakMap();

/** Return the same row as before when nothing of it has changed: then it is not drawn again. */
function rowOf(entry, {user, friend, me, isMuted, outgoing}) {
  const changing = {user: friend ?? user, isFriend: Boolean(friend), isMuted, outgoing};
  const before = made.get(entry);
  if (before && Object.entries(changing).every(([name, value]) => before[name] === value)) {
    return before;
  }
  const row = {
    key: user ? `user ${user.id}` : `group ${entry.id}`,
    id: entry.id,
    kind: entry.kind,
    title: user ? (friend ?? user).display_name : entry.name,
    ...changing,
    presence: friend?.presence ?? null,
    others: entry.members.filter(({id}) => id !== me),
    unread: unreadOf(entry),
    isMentioned: entry.isMentioned,
    isPinned: entry.pinned,
    message: entry.last_message,
    at: Math.max(entry.at, outgoing?.at ?? 0),
  };
  made.set(entry, row);
  return row;
}

/** A friend to whom nothing was written yet. */
function beginning(friend, outgoing) {
  const before = made.get(friend);
  if (before?.outgoing === outgoing) {
    return before;
  }
  const row = {
    key: `user ${friend.id}`,
    id: null,
    kind: "direct",
    title: friend.display_name,
    user: friend,
    presence: friend.presence,
    isFriend: true,
    others: [friend],
    unread: 0,
    isMentioned: false,
    isPinned: false,
    isMuted: false,
    message: null,
    outgoing,
    at: outgoing?.at ?? 0,
  };
  made.set(friend, row);
  return row;
}
