// Starting an analysis: a stock, and how far to look back.

import {useApp} from "#js/app.js";
import {kept} from "#js/core/storage.js";
import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {StockSearch} from "#js/market/stock_search.js";
import {complain} from "#js/ui/toasts.js";

const SPANS = [60, 120, 250, 500, 1000];
const span = kept("analysis-days", 250);

export function Start() {
  const {tasks} = useApp();
  const [isBusy, setBusy] = useState(false);
  async function start({symbol}) {
    setBusy(true);
    try {
      go(["tasks", await tasks.analyse(symbol, span.value)]);
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  }
  return html`
    <div class="toolbar task-start">
      <${StockSearch} label=${t("work.analyse")} isBusy=${isBusy} onChoose=${start} />
      <select
        aria-label=${t("work.span")}
        value=${span.value}
        onChange=${(event) => (span.value = Number(event.target.value))}
      >
        ${SPANS.map((days) => html`<option key=${days} value=${days}>${t("work.days", {days})}</option>`)}
      </select>
    </div>
  `;
}
