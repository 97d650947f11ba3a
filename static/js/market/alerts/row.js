// One price alert: what it waits for and how far that is, or when it fired.

import {useApp} from "#js/app.js";
import {change, percent} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {distanceOf, refusalText} from "#js/market/alerts/check.js";
import {trendOf} from "#js/market/models/book.js";
import {priceOf} from "#js/market/prices.js";
import {Icon} from "#js/ui/icon.js";
import {Time} from "#js/ui/time.js";
import {complain, toast} from "#js/ui/toasts.js";

/** "at 1,850.00 or above" */
export const conditionOf = ({symbol, kind, value}) =>
  t(`market.alert_is_${kind}`, {value: kind === "change_percent" ? percent(value) : priceOf(symbol, value)});

export function AlertRow({alert, hasName}) {
  const {alerts} = useApp();
  const {id, symbol, name, fired} = alert;
  const condition = conditionOf(alert);
  return html`
    <li class="row" data-alert=${alert.status}>
      <div class="row-main">
        ${hasName && html`<a class="row-title" href=${linkTo("market", symbol)}>${name}</a>`}
        <p class=${hasName ? "row-text" : "row-title"}>${condition}</p>
        ${!fired && !hasName && html`<p class="row-text"><${Distance} alert=${alert} /></p>`}
        ${
          fired &&
          html`<p class="row-text">
            ${t("market.fired_at", {price: priceOf(symbol, fired.price)})} · <${Time} value=${fired.at} />
          </p>`
        }
      </div>
      ${!fired && hasName && html`<p class="alert-now number"><${Price} symbol=${symbol} /><${Distance} alert=${alert} /></p>`}
      <div class="row-end">
        ${fired && html`<${ArmButton} alert=${alert} condition=${condition} />`}
        <button
          type="button"
          class="icon"
          aria-label=${t("market.delete_alert", {condition})}
          onClick=${() => alerts.remove(id).catch(complain)}
        >
          <${Icon} name="trash" />
        </button>
      </div>
    </li>
  `;
}

function ArmButton({alert: {id, symbol}, condition}) {
  const {alerts, quotes} = useApp();
  const refused = (error) =>
    toast({kind: "bad", text: refusalText(error, quotes.book.get(symbol)), key: `alert ${id}`});
  return html`
    <button
      type="button"
      class="icon"
      aria-label=${t("market.arm", {condition})}
      title=${t("market.arm_hint")}
      onClick=${() => alerts.arm(id).catch(refused)}
    >
      <${Icon} name="retry" />
    </button>
  `;
}

function Price({symbol}) {
  const quote = useApp().quotes.book.of(symbol).value;
  return (
    quote &&
    html`<span class=${trendOf(quote.change)}>
      ${priceOf(symbol, quote.price)} <small>${percent(quote.change_percent)}</small>
    </span>`
  );
}

/** How far the price has to go. */
function Distance({alert}) {
  const quote = useApp().quotes.book.of(alert.symbol).value;
  if (!quote) {
    return null;
  }
  const distance = distanceOf(alert, quote);
  const text =
    alert.kind === "change_percent"
      ? t("market.alert_away_points", {distance: change(distance)})
      : t("market.alert_away", {distance: percent(distance)});
  return html`<span class="alert-away ${trendOf(distance)}">${text}</span>`;
}
