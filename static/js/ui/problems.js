// What went wrong, in words for people.

import {AckTimeout, ConnectionLost} from "#js/core/live.js";
import {Refusal} from "#js/core/session.js";
import {t} from "#js/core/texts.js";

/** What `fetch` throws when there is no way to the server, or no answer in time. */
const isUnreachable = (error) => error instanceof TypeError || error?.name === "TimeoutError";

export function problemText(error) {
  if (error instanceof Refusal) {
    return error.message;
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
