// One line of the list of conversations: what becomes of it with each thing that the server tells. Entries are never changed.

/**
 * Return the entry of a conversation as the server shows it, which never takes back what the entry `before` knows better.
 *
 * `seen` is the `seq` up to which the user has read, `isMentioned` whether a message after that names the user.
 */
export function entryOf(view, me, before = null) {
  const {unread, read, delivered, revision, ...rest} = view;
  const entry = {last_message: null, muted_until: null, ...rest};
  if (before && before.last_seq > view.last_seq) {
    Object.assign(entry, {last_seq: before.last_seq, last_message: before.last_message});
  }
  const seen = Math.max(before?.seen ?? 0, view.last_seq - unread);
  const isMentioned = Boolean(before?.isMentioned || (entry.last_message && names(entry.last_message, me)));
  return settled({...entry, seen, isMentioned});
}

/** How many messages were not read. */
export const unreadOf = (entry) => Math.max(0, entry.last_seq - entry.seen);

/** Take the last message, new or changed; what one writes oneself counts as read. */
export function withMessage(entry, message, me) {
  if (message.seq < entry.last_seq) {
    return entry;
  }
  const isMine = message.sender.id === me;
  return settled({
    ...entry,
    last_seq: message.seq,
    last_message: message,
    seen: isMine ? message.seq : entry.seen,
    isMentioned: entry.isMentioned || (!isMine && names(message, me)),
  });
}

/** Take that a message was edited or recalled. */
export const withChange = (entry, message) =>
  entry.last_message?.id === message.id ? {...entry, last_message: message} : entry;

/** Take that the user has read up to `seq`, here or elsewhere. */
export const withRead = (entry, seq) => (seq > entry.seen ? settled({...entry, seen: seq}) : entry);

/** Take what has changed in a group. */
export function withGroup(entry, {name, owner_id, member_count, changes}) {
  const gone = new Set(
    changes.filter(({action}) => action === "removed" || action === "left").flatMap(({user_ids: ids = []}) => ids),
  );
  const members = gone.size ? entry.members.filter(({id}) => !gone.has(id)) : entry.members;
  return {...entry, name, owner_id, member_count, members};
}

/** Take how somebody is called now. */
export function withProfile(entry, user) {
  if (!entry.members.some(({id}) => id === user.id)) {
    return entry;
  }
  const members = entry.members.map((member) => (member.id === user.id ? {...user, role: member.role} : member));
  return {...entry, members};
}

/** How many messages of others have come since the entries were as in `before`. */
export function missedSince(before, now, me) {
  const missed = [...now]
    .filter(({last_message: last}) => last && last.sender.id !== me)
    .map((entry) => (before.has(entry.id) ? entry.last_seq - before.get(entry.id).last_seq : unreadOf(entry)));
  return missed.reduce((sum, count) => sum + count, 0);
}

/** Whether a conversation is muted at this moment. */
export const isMutedAt = (entry, now) => entry.muted_until !== null && Date.parse(entry.muted_until) > now;

const names = (message, me) => !message.recalled && (message.mentions_all || (message.mentions?.includes(me) ?? false));

/** `at` is the moment of the last message, by which the list is in order; nobody is mentioned in what was read. */
function settled(entry) {
  const moment = entry.last_message?.created_at ?? (entry.kind === "group" ? entry.created_at : null);
  return {...entry, at: moment ? Date.parse(moment) : 0, isMentioned: entry.isMentioned && unreadOf(entry) > 0};
}
