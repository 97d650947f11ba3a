// What can be done with a stock: put it into watchlists, have it analysed.

import {useApp} from "#js/app.js";
import {go} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {listName} from "#js/market/lists/names.js";
import {Icon} from "#js/ui/icon.js";
import {Menu} from "#js/ui/menu.js";
import {complain, toast} from "#js/ui/toasts.js";

const ANALYSED_DAYS = 250;

/** A menu of the watchlists, those that hold the stock with a tick. */
export function ListsMenu({stock: {symbol}}) {
  const {watchlists} = useApp();
  void watchlists.following; // asked for with the first look
  const holding = watchlists.holding(symbol);
  const items = watchlists.lists.value.map((list) => {
    const isIn = holding.includes(list);
    const run = () => (isIn ? watchlists.take(list.id, symbol) : watchlists.add(list.id, symbol)).catch(complain);
    return {text: listName(list), icon: isIn ? "check" : "plus", run};
  });
  return html`
    <span class="stock-star" data-held=${holding.length > 0}>
      <${Menu} label=${t(holding.length ? "market.in_lists" : "market.to_list")} icon="star" items=${items} />
    </span>
  `;
}

export function AnalysisButton({symbol}) {
  const {session} = useApp();
  const [isBusy, setBusy] = useState(false);

  async function start() {
    setBusy(true);
    try {
      const {task_id: id} = await session.request("POST", "/tasks", {type: "analysis", symbol, days: ANALYSED_DAYS});
      const action = {text: t("market.see_analysis"), run: () => go(["tasks", id])};
      toast({kind: "good", text: t("market.analysis_started"), action, key: `analysis ${symbol}`});
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  }

  return html`
    <button type="button" disabled=${isBusy} onClick=${start}>
      <${Icon} name="activity" /><span>${t("market.analyse")}</span>
    </button>
  `;
}
