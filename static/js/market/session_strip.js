// What the exchanges do now and what comes next, and where the prices come from.

import {useApp} from "#js/app.js";
import {duration} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {isMany, MAX_SUBSCRIPTIONS} from "#js/market/models/subscriptions.js";
import {isAlwaysOpen, secondsUntilChange, toneOf} from "#js/market/models/status.js";
import {clock, isElsewhere, moment} from "#js/market/times.js";
import {Icon} from "#js/ui/icon.js";

const DAY_SECONDS = 86_400;

export function SessionStrip() {
  const {marketStatus} = useApp();
  useEffect(() => marketStatus.watch(), []);
  const status = marketStatus.now.value;
  return html`
    <div class="session" role="group" aria-label=${t("market.session")}>
      ${status && (isAlwaysOpen(status) ? html`<${AlwaysOpen} />` : html`<${Phase} status=${status} />`)}
      ${status && html`<${Source} status=${status} />`}
    </div>
  `;
}

/** Where simulated prices move at any hour, what the exchanges do would contradict what is to be seen. */
const AlwaysOpen = () => html`
  <span class="session-phase" data-tone="trading">
    <span class="dot" aria-hidden="true"></span>${t("market.always_open")}
  </span>
`;

function Phase({status}) {
  const {marketStatus} = useApp();
  const seconds = secondsUntilChange(status, marketStatus.time(useTick()));
  useEffect(() => {
    if (seconds === 0) {
      marketStatus.following.refresh();
    }
  }, [seconds === 0]);
  const next = t(`market.phase_${status.next_phase}`);
  return html`
    <span class="session-phase" data-tone=${toneOf(status.phase)}>
      <span class="dot" aria-hidden="true"></span>${t(`market.phase_${status.phase}`)}
    </span>
    <span class="hint" role="timer" aria-live="off">${countdown(seconds, next, status.next_change)}</span>
  `;
}

function countdown(seconds, next, at) {
  return seconds < DAY_SECONDS
    ? t("market.next_in", {next, time: duration(seconds)})
    : t("market.next_at", {next, time: moment(at)});
}

function Source({status}) {
  const {quotes} = useApp();
  const pushed = latest(quotes.pushedAt.value, status.last_push);
  const facts = [
    !isAlwaysOpen(status) && t(`market.source_${status.answering}`),
    pushed && t("market.pushed", {time: clock(pushed)}),
  ];
  return html`
    <span class="hint session-source">${facts.filter(Boolean).join(" · ")}</span>
    ${isElsewhere() && html`<span class="hint" title=${t("market.beijing_time_hint")}>${t("market.beijing_time")}</span>`}
    ${status.stale && html`<span class="session-stale"><${Icon} name="alert" />${staleText(pushed)}</span>`}
    <${Held} />
  `;
}

/** Near what one connection may hold, how much that is and what helps. */
function Held() {
  const {held} = useApp().quotes;
  return (
    isMany(held.value) &&
    html`<span class="hint">${t("market.held", {held: held.value, most: MAX_SUBSCRIPTIONS})}</span>`
  );
}

const staleText = (since) => (since ? t("market.stale_since", {time: moment(since)}) : t("market.stale"));

const latest = (one, other) => (Date.parse(one ?? 0) > Date.parse(other ?? 0) ? one : other);

/** The present in ms, each second. */
function useTick() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
