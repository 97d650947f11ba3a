// Sets an alert on a stock: at a price or above, at a price or below, or at a change of so much per cent in a day.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html, useId, useState} from "#js/core/view.js";
import {decimalsOf} from "#js/market/prices.js";
import {problemText} from "#js/ui/problems.js";

const KINDS = ["above", "below", "change_percent"];

export function AlertForm({symbol}) {
  const {alerts} = useApp();
  const [kind, setKind] = useState("above");
  const [value, setValue] = useState("");
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const errorId = useId();

  async function add(event) {
    event.preventDefault();
    setBusy(true);
    try {
      await alerts.add(symbol, kind, Number(value));
      setValue("");
      setError(null);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  }

  return html`
    <form class="alert-form" onSubmit=${add}>
      <select aria-label=${t("market.alert_kind")} value=${kind} onChange=${(event) => setKind(event.target.value)}>
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
        value=${value}
        onInput=${(event) => setValue(event.target.value)}
      />
      <button class="primary" disabled=${isBusy || value === ""}>${t("market.add")}</button>
      ${error && html`<p class="error" id=${errorId} role="alert">${problemText(error)}</p>`}
    </form>
  `;
}
