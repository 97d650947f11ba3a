// Sets an alert on a stock: at a price or above, at a price or below, or at a change of so much per cent in a day.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useId, useState} from "#js/core/view.js";
import {faultOf, faultText, refusalText} from "#js/market/alerts/check.js";
import {decimalsOf} from "#js/market/prices.js";

const KINDS = ["above", "below", "change_percent"];

export function AlertForm({symbol}) {
  const {alerts, quotes} = useApp();
  const [kind, setKind] = useState("above");
  const [typed, setTyped] = useState("");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const errorId = useId();

  async function add(event) {
    event.preventDefault();
    const value = typed === "" ? NaN : Number(typed);
    const fault = faultOf({symbol, kind, value}, alerts.list.value);
    if (fault) {
      setError(faultText(fault));
      return;
    }
    setBusy(true);
    try {
      await alerts.add(symbol, kind, value);
      setTyped("");
      setError("");
    } catch (problem) {
      setError(refusalText(problem, quotes.book.get(symbol)));
    }
    setBusy(false);
  }

  const change = (set) => (event) => {
    set(event.target.value);
    setError("");
  };
  return html`
    <form class="alert-form" novalidate onSubmit=${add}>
      <select aria-label=${t("market.alert_kind")} value=${kind} onChange=${change(setKind)}>
        ${KINDS.map((one) => html`<option key=${one} value=${one}>${t(`market.alert_${one}`)}</option>`)}
      </select>
      <input
        type="number"
        step=${kind === "change_percent" ? 0.01 : 10 ** -decimalsOf(symbol)}
        inputmode="decimal"
        required
        aria-label=${t("market.alert_value")}
        placeholder=${t(kind === "change_percent" ? "market.alert_percent_hint" : "market.alert_price_hint")}
        aria-invalid=${error ? "true" : undefined}
        aria-describedby=${error ? errorId : undefined}
        value=${typed}
        onInput=${change(setTyped)}
      />
      <button class="primary" disabled=${isBusy}>${t("market.add")}</button>
      ${error && html`<p class="error" id=${errorId} role="alert">${error}</p>`}
    </form>
  `;
}
