// What the strategies say of the last settled day, with the prices of now.

import {useApp} from "#js/app.js";
import {percent, price} from "#js/core/format.js";
import {go, linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";
import {trendOf} from "#js/market/models/book.js";
import {useQuotes} from "#js/market/watching.js";
import {Empty, State} from "#js/ui/state.js";
import {Tabs} from "#js/ui/tabs.js";

export function SignalsView({path}) {
  const {strategies} = useApp();
  const list = strategies.list.value;
  const shown = list.find(({name}) => name === path[0]) ?? list[0];
  const tabs = list.map(({name, title, count}) => ({name, text: title, count}));
  const choose = (name) => go(["market", "signals", name], {replace: true});
  return html`
    <div class="signals">
      <${State} following=${strategies.following} isEmpty=${!shown} empty=${{title: t("market.no_strategies")}}>
        <${Tabs} label=${t("market.strategies")} tabs=${tabs} chosen=${shown?.name} onChoose=${choose} />
        ${shown && html`<${Strategy} key=${shown.name} strategy=${shown} />`}
      <//>
    </div>
  `;
}

function Strategy({strategy}) {
  const {strategies} = useApp();
  useQuotes([["strategy", strategy.name]]);
  const {day, signals} = strategies.found.value[strategy.name];
  return html`
    <p class="signals-about">
      ${strategy.description}
      ${day && html`<span class="hint"> · ${t("market.signals_of", {day, count: signals.length})}</span>`}
    </p>
    ${
      signals.length
        ? html`<${Signals} title=${strategy.title} signals=${signals} />`
        : html`<${Empty} icon="activity" title=${t("market.no_signals")} text=${t("market.no_signals_hint")} />`
    }
  `;
}

function Signals({title, signals}) {
  return html`
    <div class="signals-table" tabindex="0" role="region" aria-label=${title}>
      <table class="data">
        <thead>
          <tr>
            <th scope="col">${t("market.column_name")}</th>
            <th scope="col">${t("market.score")}</th>
            <th scope="col" class="signals-reason">${t("market.reason")}</th>
            <th scope="col" class="number signals-before">${t("market.signal_price")}</th>
            <th scope="col" class="number">${t("market.column_price")}</th>
            <th scope="col" class="number">${t("market.since_signal")}</th>
          </tr>
        </thead>
        <tbody>
          ${signals.map((signal) => html`<${Signal} key=${signal.symbol} ...${signal} />`)}
        </tbody>
      </table>
    </div>
  `;
}

/** On a phone the reason has a line of its own. */
function Signal({symbol, code, name, score, reason, price: before}) {
  const {quotes} = useApp();
  const now = quotes.book.of(symbol).value;
  const since = now && before ? (now.price / before - 1) * 100 : null;
  return html`
    <tr>
      <td>
        <a href=${linkTo("market", symbol)}>${name}</a>
        <p class="hint">${code}</p>
      </td>
      <td><${Score} value=${score} /></td>
      <td class="signals-reason">${reason}</td>
      <td class="number signals-before">${price(before)}</td>
      <td class="number ${now ? trendOf(now.change) : ""}">${price(now?.price)}</td>
      <td class="number ${since === null ? "" : trendOf(since)}">${percent(since)}</td>
    </tr>
    <tr class="signals-why">
      <td colspan="4">${reason}</td>
    </tr>
  `;
}

/** How strong a signal is, 0 to 100. */
function Score({value}) {
  return html`
    <span class="score">
      <span class="score-bar" aria-hidden="true"><span style=${{width: `${value}%`}}></span></span>
      <span class="number">${Math.round(value)}</span>
    </span>
  `;
}
