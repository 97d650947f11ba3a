// What the strategies say of one stock at present.

import {useApp} from "#js/app.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html} from "#js/core/view.js";

export function StockSignals({symbol}) {
  const {strategies} = useApp();
  void strategies.following; // asked for with the first look
  const found = Object.values(strategies.found.value).flatMap(({signals, strategy}) =>
    signals.filter((signal) => signal.symbol === symbol).map((signal) => ({...signal, strategy})),
  );
  const titleOf = (name) => strategies.list.value.find((one) => one.name === name)?.title ?? name;
  return (
    found.length > 0 &&
    html`
      <section class="stock-part" aria-labelledby="stock-signals">
        <h2 id="stock-signals">${t("market.signals")}</h2>
        <ul class="list">
          ${found.map(
            ({strategy, reason, score, day}) => html`
              <li class="row" key=${strategy}>
                <div class="row-main">
                  <a class="row-title" href=${linkTo("market", "signals", strategy)}>${titleOf(strategy)}</a>
                  <p class="row-text">${day} · ${reason}</p>
                </div>
                <span class="row-end number">${Math.round(score)}</span>
              </li>
            `,
          )}
        </ul>
      </section>
    `
  );
}
