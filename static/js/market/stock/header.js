// The head of a stock: name, price, the day's figures, and what can be done with it.

import {useApp} from "#js/app.js";
import {amount, percent} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {tagOf, trendOf} from "#js/market/models/book.js";
import {changeOf, priceOf} from "#js/market/prices.js";
import {AnalysisButton, ListsMenu} from "#js/market/stock/actions.js";
import {clock} from "#js/market/times.js";
import {Icon} from "#js/ui/icon.js";

const PRICES = ["open", "high", "low", "previous_close", "limit_up", "limit_down"];

export function StockHeader({stock}) {
  const {quotes} = useApp();
  const quote = quotes.book.of(stock.symbol).value;
  return html`
    <header class="stock-head">
      <div class="stock-title">
        <a class="button icon" href=${linkTo("market")} aria-label=${t("market.back")}><${Icon} name="back" /></a>
        <div>
          <h1>${stock.name}</h1>
          <p class="hint">${stock.symbol} · ${t(`market.kind_${stock.kind}`)}</p>
        </div>
        <div class="stock-actions">
          <${ListsMenu} stock=${stock} />
          <${AnalysisButton} symbol=${stock.symbol} />
        </div>
      </div>
      ${quote ? html`<${Figures} quote=${quote} />` : html`<p class="hint">${t("market.no_quote")}</p>`}
    </header>
  `;
}

function Figures({quote}) {
  const trend = quote.suspended ? "flat" : trendOf(quote.change);
  return html`
    <div class="stock-now ${trend}">
      <span class="stock-price number">${priceOf(quote.symbol, quote.price)}</span>
      <span class="number">${changeOf(quote.symbol, quote.change)}</span>
      <span class="number">${percent(quote.change_percent)}</span>
      <${Tags} quote=${quote} />
    </div>
    <dl class="stock-figures">
      ${PRICES.map((name) => quote[name] != null && html`<${Figure} key=${name} name=${name} quote=${quote} />`)}
      <${Figure} name="volume" text=${amount(quote.volume)} />
      <${Figure} name="amount" text=${amount(quote.amount)} />
      <${Figure} name="time" text=${clock(quote.timestamp)} />
    </dl>
  `;
}

/** A figure of the day; a price has the colour of its distance from the previous close. */
function Figure({name, quote, text}) {
  const value = quote?.[name] || null;
  const trend = value && name !== "previous_close" ? trendOf(value - quote.previous_close) : "";
  return html`
    <div>
      <dt>${t(`market.column_${name}`)}</dt>
      <dd class="number ${trend}">${text ?? priceOf(quote.symbol, value)}</dd>
    </div>
  `;
}

function Tags({quote}) {
  const tag = tagOf(quote);
  return html`
    ${tag && html`<span class="pill" data-tag=${tag}>${t(`market.tag_${tag}`)}</span>`}
    ${quote.stale && html`<span class="pill" data-tag="stale">${t("market.stale")}</span>`}
  `;
}
