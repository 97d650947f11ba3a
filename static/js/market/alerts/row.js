// One price alert: what it waits for, or when it fired.

import {useApp} from "#js/app.js";
import {percent} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {priceOf} from "#js/market/prices.js";
import {Icon} from "#js/ui/icon.js";
import {Time} from "#js/ui/time.js";
import {complain} from "#js/ui/toasts.js";

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
        ${
          fired &&
          html`<p class="row-text">
            ${t("market.fired_at", {price: priceOf(symbol, fired.price)})} · <${Time} value=${fired.at} />
          </p>`
        }
      </div>
      <div class="row-end">
        ${
          fired &&
          html`<button
            type="button"
            class="icon"
            aria-label=${t("market.arm", {condition})}
            title=${t("market.arm_hint")}
            onClick=${() => alerts.arm(id).catch(complain)}
          >
            <${Icon} name="retry" />
          </button>`
        }
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
