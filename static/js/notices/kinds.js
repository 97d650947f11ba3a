// What a notification is about: its icon, how much it matters, and the place in the page that it leads to.

import {linkTo} from "#js/core/router.js";

const KINDS = {
  friend_accepted: {icon: "user", severity: "good"},
  friend_request: {icon: "users", severity: "info"},
  message: {icon: "chat", severity: "info"},
  price_alert: {icon: "chart", severity: "warn"},
  task: {icon: "tasks", severity: "good"},
  task_failed: {icon: "tasks", severity: "bad"},
};

/** The types that the product itself notifies of; operators may send others. */
export const OWN_TYPES = Object.keys(KINDS);

const SEVERITIES = [
  [/error|critical|fail|security/, "bad"],
  [/warn|maintenance|outage/, "warn"],
  [/success|done|ok$/, "good"],
];

/** Return `{icon, severity}`; what others send is judged by its name. */
export function kindOf(type) {
  const severity = SEVERITIES.find(([pattern]) => pattern.test(type))?.[1] ?? "info";
  return KINDS[type] ?? {icon: severity === "info" || severity === "good" ? "bell" : "alert", severity};
}

const WEB = /^https?:\/\//;
const OWN_PATH = /^\/(?![/\\])/;

/** Return `{href, isOutside}` of what a notification leads to, or null. */
export function targetOf({link, source}) {
  const task = /^task:(\w+)$/.exec(source);
  if (task) {
    return {href: linkTo("tasks", task[1]), isOutside: false};
  }
  if (link.startsWith("/#/")) {
    return {href: link.slice(1), isOutside: false};
  }
  const isElsewhere = WEB.test(link) || (OWN_PATH.test(link) && link !== "/");
  return isElsewhere ? {href: link, isOutside: true} : null;
}

/** Tell whether somebody at `place` looks at what a notification is about. */
export function isAbout(notice, {area, path}) {
  return path.length > 0 && targetOf(notice)?.href === linkTo(area, ...path);
}
