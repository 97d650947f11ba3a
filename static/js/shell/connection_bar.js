// The truth about the connection: quiet while all is well.

import {useApp} from "#js/app.js";
import {count} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";

export function ConnectionBar() {
  const {live, caughtUp} = useApp();
  const state = live.state.value;
  const missed = state === "live" ? caughtUp.count.value : null;
  const seconds = useSecondsUntil(live.retryAt.value);
  const said = missed === null ? t(`connection.${state}`) : backText(missed);
  const isCounting = state === "reconnecting" && seconds > 0;
  return html`
    <div class="connection" id="connection" data-state=${state} data-news=${missed !== null}>
      <span class="connection-light" aria-hidden="true" />
      <span class="connection-text" aria-hidden="true">
        ${isCounting ? t("connection.reconnecting_in", {seconds}) : said}
      </span>
      <span class="visually-hidden" role="status">${said}</span>
      ${
        (state === "reconnecting" || state === "offline") &&
        html`<button class="link" type="button" onClick=${() => live.retryNow()}>${t("connection.retry_now")}</button>`
      }
    </div>
  `;
}

const backText = (missed) => (missed ? t("connection.caught_up", {count: count(missed)}) : t("connection.back"));

function useSecondsUntil(moment) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = moment ? setInterval(() => setNow(Date.now()), 250) : 0;
    return () => clearInterval(timer);
  }, [moment]);
  return Math.max(0, Math.ceil((moment - now) / 1000));
}
