// The legend of a stock's chart: what the crosshair is on, or the last bar, and what cannot be drawn yet.

import {amount} from "#js/core/format.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {trendOf} from "#js/market/models/book.js";
import {priceOf} from "#js/market/prices.js";
import {VIEWS} from "#js/market/stock/series.js";
import {day, moment} from "#js/market/times.js";

export function Legend({symbol, bars, series, missing, view, at}) {
  const {period, isLine} = VIEWS[view];
  const bar = bars[at];
  const trend = trendOf(bar.close - (bars[at - 1]?.close ?? bar.open));
  const prices = isLine ? ["close"] : ["open", "high", "low", "close"];
  const lines = series.filter(({kind, values}) => kind === "line" && values[at] != null);
  return html`
    <div class="chart-legend">
      <span class="hint">${period === "1d" ? day(bar.time) : moment(bar.time)}</span>
      ${prices.map((name) => html`<${Fact} key=${name} name=${name} text=${priceOf(symbol, bar[name])} trend=${trend} />`)}
      <${Fact} name="volume" text=${amount(bar.volume)} />
      ${lines.map(
        ({name, role, values}) => html`
          <span key=${name} data-role=${role}>
            ${t(`market.line_${name}`)} <b class="number">${priceOf(symbol, values[at])}</b>
          </span>
        `,
      )}
      ${missing.map(
        ({name, needs}) => html`
          <span key=${name} class="hint">${t("market.needs_bars", {name: t(`market.line_${name}`), needs})}</span>
        `,
      )}
    </div>
  `;
}

const Fact = ({name, text, trend = ""}) => html`
  <span><i>${t(`market.legend_${name}`)}</i> <b class="number ${trend}">${text}</b></span>
`;
