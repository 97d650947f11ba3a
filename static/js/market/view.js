// The market: the board, one stock, signals, watchlists, alerts.

import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {AlertsView} from "#js/market/alerts/view.js";
import {BoardView} from "#js/market/board/view.js";
import {ListsView} from "#js/market/lists/view.js";
import {SessionStrip} from "#js/market/session_strip.js";
import {SignalsView} from "#js/market/signals/view.js";
import {StockView} from "#js/market/stock/view.js";
import {StockSearch} from "#js/market/stock_search.js";

const PARTS = {board: BoardView, signals: SignalsView, lists: ListsView, alerts: AlertsView};
const SYMBOL = /^\d{6}(\.(SH|SZ|BJ))?$/;

export function View({path}) {
  const [first = "board", ...rest] = path;
  if (SYMBOL.test(first)) {
    return html`<${StockView} key=${first} symbol=${first} />`;
  }
  const shown = first in PARTS ? first : "board";
  return html`
    <div class="market">
      <header class="market-head">
        <nav class="market-parts" aria-label=${t("market.parts")}>
          ${Object.keys(PARTS).map(
            (name) => html`
              <a
                key=${name}
                href=${name === "board" ? linkTo("market") : linkTo("market", name)}
                aria-current=${name === shown ? "page" : undefined}
              >
                ${t(`market.part_${name}`)}
              </a>
            `,
          )}
        </nav>
        <${SessionStrip} />
        <${StockSearch} />
      </header>
      <${PARTS[shown]} path=${rest} />
    </div>
  `;
}
