// Choosing a stock to share.

import {t} from "#js/core/texts.js";
import {html, useState} from "#js/core/view.js";
import {useStocks} from "#js/market/stocks.js";
import {Dialog} from "#js/ui/dialog.js";
import {SearchField} from "#js/ui/field.js";

export function StockPicker({onChoose, onClose}) {
  const [query, setQuery] = useState("");
  const stocks = useStocks(query);
  const choose = (stock) => {
    onChoose(stock);
    onClose();
  };
  const takeFirst = (event) => {
    if (event.key === "Enter" && !event.isComposing && stocks?.length) {
      event.preventDefault();
      choose(stocks[0]);
    }
  };
  return html`
    <${Dialog} title=${t("thread.share_stock")} size="small" onClose=${onClose}>
      <div onKeyDown=${takeFirst}>
        <${SearchField} label=${t("thread.stock_query")} value=${query} onInput=${setQuery} autofocus />
      </div>
      <ul class="list stock-choices" aria-live="polite">
        ${stocks?.map(
          (stock) => html`
            <li key=${stock.symbol}>
              <button type="button" class="quiet" onClick=${() => choose(stock)}>
                <span class="option-name">${stock.name}</span><span class="hint">${stock.symbol}</span>
              </button>
            </li>
          `,
        )}
      </ul>
      ${stocks?.length === 0 && html`<p class="hint">${t("thread.no_stock")}</p>`}
    <//>
  `;
}
