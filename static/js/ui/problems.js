// What went wrong, in words for people.

import {AckTimeout, ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {t} from "#js/core/texts.js";

/** What `fetch` throws when there is no way to the server, or no answer in time. */
const isUnreachable = (error) => error instanceof TypeError || error?.name === "TimeoutError";

/** Refusals that need no more words than their name: what the server adds is in English, for developers. */
const PLAIN = new Set([
  "forbidden",
  "invalid_credentials",
  "not_found",
  "not_friends",
  "too_late",
  "unavailable",
  "username_taken",
]);

export function problemText(error) {
  if (error instanceof Refusal) {
    return refusalText(error);
  }
  if (error instanceof ConnectionLost) {
    return t("ui.connection_lost");
  }
  if (error instanceof AckTimeout || isUnreachable(error)) {
    return t("ui.unreachable");
  }
  console.error(error); // a fault of the page
  return t("ui.fault");
}

function refusalText({code, message, details}) {
  if (details.retry_after) {
    return t("ui.retry_after", {seconds: Math.ceil(details.retry_after)});
  }
  return PLAIN.has(code) ? t(`errors.${code}`) : message;
}
