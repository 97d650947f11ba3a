// The truth about the connection.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";

export function ConnectionBar() {
  const {live} = useApp();
  const state = live.state.value;
  const seconds = useSecondsUntil(live.retryAt.value);
  const text =
    state === "reconnecting" && seconds > 0 ? t("connection.reconnecting_in", {seconds}) : t(`connection.${state}`);
  return html`
    <div class="connection" id="connection" data-state=${state} role="status">
      <span class="dot" aria-hidden="true"></span>
      <span>${text}</span>
      ${
        state === "reconnecting" &&
        html`<button class="link" type="button" onClick=${() => live.retryNow()}>${t("connection.retry_now")}</button>`
      }
    </div>
  `;
}

function useSecondsUntil(moment) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = moment ? setInterval(() => setNow(Date.now()), 250) : 0;
    return () => clearInterval(timer);
  }, [moment]);
  return Math.max(0, Math.ceil((moment - now) / 1000));
}
