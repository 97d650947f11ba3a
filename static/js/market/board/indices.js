// The headline indices in a strip.

import {change, percent, price} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {trendOf} from "#js/market/models/book.js";
import {useStockQuotes} from "#js/market/watching.js";

const INDICES = ["000001.SH", "399001.SZ", "399006.SZ", "000300.SH", "000688.SH"];

export function Indices() {
  const {book} = useStockQuotes(INDICES);
  const quotes = INDICES.map((symbol) => book.of(symbol).value).filter(Boolean);
  return html`
    <ul class="indices" aria-label=${t("market.indices")}>
      ${quotes.map((quote) => html`<li key=${quote.symbol}><${Index} ...${quote} /></li>`)}
    </ul>
  `;
}

function Index({symbol, name, price: value, change: moved, change_percent: share}) {
  return html`
    <a class="index ${trendOf(moved)}" href=${linkTo("market", symbol)}>
      <span class="index-name">${name}</span>
      <span class="number">${price(value)}</span>
      <span class="number">${change(moved)}</span>
      <span class="number">${percent(share)}</span>
    </a>
  `;
}
