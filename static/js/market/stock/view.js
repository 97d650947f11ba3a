// One stock: its quote, its chart, its alerts and signals, and what can be done with it.

import {useApp} from "#js/app.js";
import {linkTo} from "#js/core/router.js";
import {t} from "#js/core/texts.js";
import {html, useEffect, useState} from "#js/core/view.js";
import {AlertForm} from "#js/market/alerts/form.js";
import {AlertRow} from "#js/market/alerts/row.js";
import {SessionStrip} from "#js/market/session_strip.js";
import {ChartView} from "#js/market/stock/chart_view.js";
import {StockHeader} from "#js/market/stock/header.js";
import {StockSignals} from "#js/market/stock/signals.js";
import {useStockQuotes} from "#js/market/watching.js";
import {Empty, Loading, Problem, State} from "#js/ui/state.js";

export function StockView({symbol: asked}) {
  const [stock, problem, retry] = useStock(asked);
  if (problem?.code === "not_found") {
    return html`
      <${Empty} icon="search" title=${t("market.no_stock", {code: asked})}>
        <a class="button" href=${linkTo("market")}>${t("market.back")}</a>
      <//>
    `;
  }
  if (problem) {
    return html`<${Problem} error=${problem} retry=${retry} />`;
  }
  return stock ? html`<${Stock} stock=${stock} />` : html`<${Loading} />`;
}

function Stock({stock}) {
  useStockQuotes([stock.symbol]);
  const isIndex = stock.kind === "index";
  return html`
    <div class="stock">
      <div class="market-head"><${SessionStrip} /></div>
      <${StockHeader} stock=${stock} />
      <div class="stock-body">
        <${ChartView} symbol=${stock.symbol} isIndex=${isIndex} />
        <aside class="stock-side">
          <${StockAlerts} symbol=${stock.symbol} />
          ${!isIndex && html`<${StockSignals} symbol=${stock.symbol} />`}
        </aside>
      </div>
      <footer class="stock-foot hint">
        <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
          TradingView Lightweight Charts™
        </a>
        <span> Copyright (с) 2025 TradingView, Inc. https://www.tradingview.com/</span>
      </footer>
    </div>
  `;
}

function StockAlerts({symbol}) {
  const {alerts} = useApp();
  const list = alerts.of(symbol);
  return html`
    <section class="stock-part" aria-labelledby="stock-alerts">
      <h2 id="stock-alerts">${t("market.alerts")}</h2>
      <${AlertForm} symbol=${symbol} />
      <${State} following=${alerts.following} isEmpty=${list.length === 0} empty=${{title: t("market.no_alerts_here")}}>
        <ul class="list">
          ${list.map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert} />`)}
        </ul>
      <//>
    </section>
  `;
}

/** What the server knows of a code or symbol, asked anew with a new connection; its quote goes into the book. */
function useStock(asked) {
  const {session, live, quotes} = useApp();
  const [known, setKnown] = useState({stock: null, problem: null});
  const [turn, setTurn] = useState(0);
  const isLive = live.state.value === "live";
  useEffect(() => {
    let isWanted = true;
    session.request("GET", `/stocks/${asked}`).then(
      ({quote, ...stock}) => {
        quotes.book.take(quote ? [quote] : []);
        isWanted && setKnown({stock, problem: null});
      },
      (problem) => isWanted && setKnown(({stock}) => ({stock, problem: stock ? null : problem})),
    );
    return () => {
      isWanted = false;
    };
  }, [asked, isLive, turn]);
  return [known.stock, known.problem, () => setTurn(turn + 1)];
}
