// What is offered while one writes: members after "@", stocks after "$".

const MOST = 8;

/** What stands before the caret: `{kind: "member" | "stock", query, start}`, or null. */
export function triggerAt(text, caret) {
  const before = text.slice(0, caret);
  const found = /(?:^|[\s\p{P}\p{Script=Han}])([@$])([\p{L}\p{N}_.-]{0,32})$/u.exec(before);
  if (!found) {
    return null;
  }
  const [, sign, query] = found;
  return {kind: sign === "@" ? "member" : "stock", query, start: caret - query.length - 1};
}

/** The members that are meant by what was typed, `{id, username, display_name}`, best first. */
export function membersFor(query, members) {
  const wanted = query.toLowerCase();
  const rank = ({username, display_name: name}) => {
    const names = [username.toLowerCase(), name.toLowerCase()];
    return names.some((one) => one.startsWith(wanted)) ? 0 : names.some((one) => one.includes(wanted)) ? 1 : 2;
  };
  return members
    .map((member) => [rank(member), member])
    .filter(([place]) => place < 2)
    .sort(([one], [other]) => one - other)
    .slice(0, MOST)
    .map(([, member]) => member);
}

/** Put a word in the place of what was typed: `{text, caret}`. */
export function replaced(text, {start}, caret, word) {
  const after = text.slice(caret);
  const begun = text.slice(0, start) + word;
  return {text: begun + after, caret: begun.length};
}
