// The chart of a stock with its choices above it and its legend on it.

import {useApp} from "#js/app.js";
import {kept} from "#js/core/storage.js";
import {language, t} from "#js/core/texts.js";
import {html, useEffect, useMemo, useRef, useState} from "#js/core/view.js";
import {decimalsOf} from "#js/market/prices.js";
import {Candles} from "#js/market/stock/candles.js";
import {makeChart} from "#js/market/stock/chart.js";
import {Legend} from "#js/market/stock/legend.js";
import {marksOf, missingOf, seriesOf, VIEWS} from "#js/market/stock/series.js";
import {onColours} from "#js/ui/colours.js";
import {Empty, State} from "#js/ui/state.js";
import {Tabs} from "#js/ui/tabs.js";
import {complain} from "#js/ui/toasts.js";

const INDICATORS = ["ma", "bollinger", "rsi", "macd"];
const RANGES = {month_1: 22, month_3: 65, month_6: 125, year_1: 250, all: Infinity};
const MINUTES = {candles_1m: 120, minutes: 240}; // the exchanges' day has 240

const chosenView = kept("chart-view", "days");
const chosenIndicators = kept("chart-indicators", ["ma"]);
const chosenRange = kept("chart-range", "month_6");

export function ChartView({symbol, isIndex}) {
  const view = chosenView.value in VIEWS ? chosenView.value : "days";
  const tabs = Object.keys(VIEWS).map((name) => ({name, text: t(`market.view_${name}`)}));
  return html`
    <section class="chart-part" aria-label=${t("market.chart")}>
      <div class="chart-bar">
        <${Tabs}
          label=${t("market.views")}
          tabs=${tabs}
          chosen=${view}
          onChoose=${(name) => (chosenView.value = name)}
        />
        ${view === "days" && html`<${Ranges} />`} ${!VIEWS[view].isLine && html`<${Indicators} />`}
      </div>
      <${Candled} key=${`${symbol} ${view}`} symbol=${symbol} view=${view} isIndex=${isIndex} />
    </section>
  `;
}

function Ranges() {
  return html`
    <div class="chart-choices" role="group" aria-label=${t("market.range")}>
      ${Object.keys(RANGES).map(
        (name) => html`
          <button
            key=${name}
            type="button"
            class="chip"
            aria-pressed=${chosenRange.value === name}
            onClick=${() => (chosenRange.value = name)}
          >
            ${t(`market.range_${name}`)}
          </button>
        `,
      )}
    </div>
  `;
}

function Indicators() {
  const chosen = chosenIndicators.value;
  const turn = (name) =>
    (chosenIndicators.value = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return html`
    <div class="chart-choices" role="group" aria-label=${t("market.indicators")}>
      ${INDICATORS.map(
        (name) => html`
          <button
            key=${name}
            type="button"
            class="chip"
            aria-pressed=${chosen.includes(name)}
            onClick=${() => turn(name)}
          >
            ${t(`market.indicator_${name}`)}
          </button>
        `,
      )}
    </div>
  `;
}

function Candled({symbol, view, isIndex}) {
  const app = useApp();
  const candles = useMemo(() => new Candles(app, symbol, view), []);
  useEffect(() => () => candles.stop(), []);
  const bars = candles.bars.value;
  const previousClose = app.quotes.book.of(symbol).value?.previous_close;
  const indicators = chosenIndicators.value;
  const series = useMemo(
    () => seriesOf({bars, view, indicators, previousClose: previousClose ?? bars[0]?.open, isIndex}),
    [bars, view, indicators, previousClose, isIndex],
  );
  const marks = marksOf(app.alerts.of(symbol), previousClose).map((price) => ({price, title: t("market.alert_mark")}));
  const missing = missingOf({count: bars.length, view, indicators});
  const empty = {icon: "chart", title: t("market.no_bars"), text: t("market.no_bars_hint")};
  return html`
    <div class="chart-place">
      <${State} following=${candles.following} isEmpty=${bars.length === 0} empty=${empty}>
        <${Drawn} ...${{symbol, bars, series, missing, marks, view}} />
      <//>
    </div>
  `;
}

function Drawn({symbol, bars, series, missing, marks, view}) {
  const place = useRef(null);
  const [hovered, setHovered] = useState(null);
  const [chart, problem] = useChart(place, setHovered);
  const latest = useRef(null);
  latest.current = [series, view, {isTimed: VIEWS[view].period === "1m", decimals: decimalsOf(symbol), marks}];
  useEffect(() => {
    chart?.draw(...latest.current);
  }, [chart, series, JSON.stringify(marks)]);
  useEffect(() => chart && onColours(() => chart.recolour(...latest.current)), [chart]);
  useRange(chart, view, bars.length);

  if (problem) {
    return html`<${Empty} icon="chart" title=${t("market.no_chart")} />`;
  }
  const at = hovered !== null && hovered < bars.length ? Math.max(0, hovered) : bars.length - 1;
  return html`
    <${Legend} ...${{symbol, bars, series, missing, view, at}} />
    <div class="chart" ref=${place} role="img" aria-label=${t("market.chart_of", {count: bars.length})}></div>
  `;
}

/** A chart in the place, once its library is there; in another language it is made anew. */
function useChart(place, onHover) {
  const [chart, setChart] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    let made = null;
    let isGone = false;
    makeChart(place.current, {onHover, locale: language.value}).then(
      (one) => (isGone ? one.remove() : setChart((made = one))),
      (error) => {
        setProblem(error);
        complain(error);
      },
    );
    return () => {
      isGone = true;
      made?.remove();
    };
  }, [language.value]);
  return [chart, problem];
}

/** Show as much as was chosen; of minutes as many as fit a day. */
function useRange(chart, view, count) {
  const range = view === "days" ? (RANGES[chosenRange.value] ?? RANGES.month_6) : MINUTES[view];
  useEffect(() => {
    if (range === Infinity || (view === "days" && range >= count)) {
      chart?.showAll();
    } else {
      chart?.showLast(range, count);
    }
  }, [chart, range]);
}
