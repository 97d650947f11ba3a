// Notifications under the days they came on.

/** Group what is newest first: `[{day, notices}]`, where `day` is the moment its local day begins. */
export function byDay(notices) {
  const days = [];
  for (const notice of notices) {
    const day = new Date(notice.created_at).setHours(0, 0, 0, 0);
    if (days.at(-1)?.day !== day) {
      days.push({day, notices: []});
    }
    days.at(-1).notices.push(notice);
  }
  return days;
}

/** Return "today", "yesterday" or "" for an earlier day. */
export function nameOf(day, now = Date.now()) {
  const today = new Date(now).setHours(0, 0, 0, 0);
  const yesterday = new Date(today - 1).setHours(0, 0, 0, 0);
  return day === today ? "today" : day === yesterday ? "yesterday" : "";
}
