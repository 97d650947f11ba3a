// How present somebody is, in words.

import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {Time} from "#js/ui/time.js";

export function PresenceText({presence}) {
  const {state, last_seen: lastSeen} = presence;
  if (state === "offline" && lastSeen) {
    return html`${t("chat.last_seen")} <${Time} value=${lastSeen} />`;
  }
  return t(`ui.presence_${state}`);
}
