// The lines of a thread: days, the line of the new messages, and messages, grouped by who wrote them.

const TOGETHER_MS = 5 * 60_000;

/**
 * Return `{key, kind, …}`: "day" with `day`, "new", "system" with `message`, and "message" with `message`, `outgoing` (what has
 * not arrived yet, else null), `isMine`, and whether it `isFirst` or `isLast` of what one wrote in a row.
 */
export function rowsOf(messages, outgoing, {me, newFrom}) {
  const rows = [];
  let day = null;
  for (const [message, out] of [
    ...messages.map((one) => [one, null]),
    ...outgoing.map((one) => [shownAs(one, me), one]),
  ]) {
    const date = new Date(message.created_at);
    if (date.toDateString() !== day) {
      day = date.toDateString();
      rows.push({key: `day ${day}`, kind: "day", day: date});
    }
    if (!out && message.seq === newFrom) {
      rows.push({key: "new", kind: "new"});
    }
    rows.push(
      message.type === "system"
        ? {key: `seq ${message.seq}`, kind: "system", message}
        : rowOf(message, out, me, rows.at(-1)),
    );
  }
  return rows;
}

function rowOf(message, outgoing, me, before) {
  const isMine = message.sender.id === me?.id;
  const isFirst = !(before?.kind === "message" && isTogether(before.message, message));
  if (!isFirst) {
    before.isLast = false;
  }
  // The same key before and after it arrived, so that nothing is drawn anew.
  const key = isMine && message.client_msg_id ? `own ${message.client_msg_id}` : `seq ${message.seq}`;
  return {key, kind: "message", message, outgoing, isMine, isFirst, isLast: true};
}

const isTogether = (one, other) =>
  one.sender.id === other.sender.id && new Date(other.created_at) - new Date(one.created_at) < TOGETHER_MS;

const shown = new WeakMap();

/** What is on its way, in the shape of a message; the same as long as it has not changed. */
function shownAs(outgoing, me) {
  if (!shown.has(outgoing)) {
    shown.set(outgoing, {...outgoing, seq: null, sender: me, created_at: outgoing.at, client_msg_id: outgoing.id});
  }
  return shown.get(outgoing);
}

/** Whether two rows of one key are drawn alike. */
export const isSameRow = (one, other) => Object.keys(one).every((name) => one[name] === other[name] || name === "day");
