// What went wrong, in words for people.

import {AckTimeout, ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {t} from "#js/core/texts.js";
import {Unreachable} from "#js/core/unreachable.js";

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
  if (error instanceof AckTimeout || error instanceof Unreachable) {
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
