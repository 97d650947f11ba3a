// All price alerts: those that wait, and those that fired.

import {useApp} from "#js/app.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {AlertRow} from "#js/market/alerts/row.js";
import {useStockQuotes} from "#js/market/watching.js";
import {State} from "#js/ui/state.js";

export function AlertsView() {
  const {alerts} = useApp();
  const list = alerts.list.value;
  const waiting = list.filter(({status}) => status === "active");
  useStockQuotes([...new Set(waiting.map(({symbol}) => symbol))]);
  const empty = {icon: "bell", title: t("market.no_alerts"), text: t("market.no_alerts_hint")};
  return html`
    <div class="alerts">
      <${State} following=${alerts.following} isEmpty=${list.length === 0} empty=${empty}>
        <${Part} title=${t("market.alerts_waiting")} list=${waiting} />
        <${Part} title=${t("market.alerts_fired")} list=${list.filter(({status}) => status === "fired")} />
      <//>
    </div>
  `;
}

function Part({title, list}) {
  return (
    list.length > 0 &&
    html`
      <section>
        <h2>${title}</h2>
        <ul class="list">
          ${list.map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert} hasName />`)}
        </ul>
      </section>
    `
  );
}
