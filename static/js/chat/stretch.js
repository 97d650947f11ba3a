// A stretch of a conversation: messages in the order of `seq`, from one number to another without holes.

/** Join messages, in any order, to a stretch: `[stretch, rest]`; `rest` would leave a hole behind the end. */
export function extend(stretch, messages) {
  if (messages.length === 1 && stretch.at(-1)?.seq + 1 === messages[0].seq) {
    return [[...stretch, messages[0]], []]; // as most come, one after the other
  }
  const known = new Set(stretch.map(({seq}) => seq));
  const news = messages.filter(({seq}) => !known.has(seq)).sort((one, other) => one.seq - other.seq);
  if (!news.length) {
    return [stretch, []];
  }
  const all = [...stretch, ...news].sort((one, other) => one.seq - other.seq);
  const hole = all.findIndex((message, index) => index > 0 && message.seq > all[index - 1].seq + 1);
  return hole < 0 ? [all, []] : [all.slice(0, hole), all.slice(hole)];
}

/** Put a message that has changed in the place of what it was, and in what is shown of it above its replies. */
export function replace(stretch, changed) {
  let isThere = false;
  const replaced = stretch.map((message) => {
    if (message.id === changed.id) {
      isThere = true;
      return changed;
    }
    if (message.reply?.id === changed.id) {
      isThere = true;
      return {...message, reply: excerptOf(changed)};
    }
    return message;
  });
  return isThere ? replaced : stretch;
}

/** What is shown of a message above its replies. */
export const excerptOf = ({id, seq, sender, type, content, recalled}) => ({
  id,
  seq,
  sender,
  type,
  content: content.slice(0, 200),
  ...(recalled ? {recalled} : {}),
});

/** Whether a stretch holds a number. */
export const holds = (stretch, seq) => stretch.length > 0 && seq >= stretch[0].seq && seq <= stretch.at(-1).seq;
