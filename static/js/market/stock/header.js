// The head of a stock: name, price, the day's figures, and what can be done with it.

import {amount, change, percent, price} from "#js/core/format.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {useApp} from "#js/app.js";
import {limitOf, trendOf} from "#js/market/models/book.js";
import {AnalysisButton, ListsMenu} from "#js/market/stock/actions.js";
import {clock} from "#js/market/times.js";
import {Icon} from "#js/ui/icon.js";

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
      <span class="stock-price number">${price(quote.price)}</span>
      <span class="number">${change(quote.change)}</span>
      <span class="number">${percent(quote.change_percent)}</span>
      <${Tags} quote=${quote} />
    </div>
    <dl class="stock-figures">
      <${Figure} name="open" value=${quote.open || null} against=${quote.previous_close} />
      <${Figure} name="high" value=${quote.high || null} against=${quote.previous_close} />
      <${Figure} name="low" value=${quote.low || null} against=${quote.previous_close} />
      <${Figure} name="previous_close" value=${quote.previous_close} />
      <${Figure} name="volume" text=${amount(quote.volume)} />
      <${Figure} name="amount" text=${amount(quote.amount)} />
      ${quote.limit_up && html`<${Figure} name="limit_up" value=${quote.limit_up} against=${quote.previous_close} />`}
      ${quote.limit_down && html`<${Figure} name="limit_down" value=${quote.limit_down} against=${quote.previous_close} />`}
      <${Figure} name="time" text=${clock(quote.timestamp)} />
    </dl>
  `;
}

function Figure({name, value, against, text}) {
  const trend = value && against ? trendOf(value - against) : "";
  return html`
    <div>
      <dt>${t(`market.column_${name}`)}</dt>
      <dd class="number ${trend}">${text ?? price(value)}</dd>
    </div>
  `;
}

function Tags({quote}) {
  const limit = limitOf(quote);
  return html`
    ${quote.suspended && html`<span class="pill" data-tag="suspended">${t("market.tag_suspended")}</span>`}
    ${!quote.suspended && limit && html`<span class="pill" data-tag=${`limit_${limit}`}>${t(`market.tag_limit_${limit}`)}</span>`}
    ${quote.stale && html`<span class="pill" data-tag="stale">${t("market.stale")}</span>`}
  `;
}
