// What a chart of a stock consists of, as data: lines, candles and histograms, each in its pane, coloured by roles.

import {averages, chartTime} from "#js/market/stock/bars.js";
import {bollinger, macd, NEEDS, rsi, sma} from "#js/market/stock/indicators.js";

export const MEANS = [5, 10, 20, 60];

/** The views of a stock: `period` is that of its bars, `isLine` the day as a line with its average. */
export const VIEWS = {
  minutes: {period: "1m", isLine: true},
  candles_1m: {period: "1m"},
  days: {period: "1d"},
};

/** Return `[{name, needs}]` of what was chosen but cannot be drawn of so few bars. */
export const missingOf = ({count, view, indicators}) =>
  VIEWS[view].isLine
    ? []
    : indicators
        .flatMap((indicator) => Object.entries(INDICATORS[indicator]?.needs ?? {}))
        .map(([name, needs]) => ({name, needs}))
        .filter(({needs}) => count < needs);

/**
 * Return `[{name, kind, pane, role, values, data, ...}]`. `kind` is "candles", "baseline", "line" or "histogram"; `data` is
 * the chart's, without the places where there is no value; `values` are those by bar, for the legend. What has no value at
 * all is left out, and so is its pane.
 */
export function seriesOf({bars, view, indicators, previousClose, isIndex}) {
  const {period, isLine} = VIEWS[view];
  const times = bars.map(({time}) => chartTime(time, period));
  const closes = bars.map(({close}) => close);
  const price = isLine
    ? {name: "price", kind: "baseline", pane: 0, base: previousClose, values: closes, data: points(times, closes)}
    : {name: "price", kind: "candles", pane: 0, data: bars.map((bar, at) => ({time: times[at], ...ohlc(bar)}))};
  const shown = [price, volumes(bars, times)];
  if (isLine) {
    return isIndex ? shown : [...shown, line(times, "average", "ma5", averages(bars))];
  }
  let pane = 0;
  const chosen = Object.entries(INDICATORS).filter(([name]) => indicators.includes(name));
  for (const [, {linesOf, hasOwnPane}] of chosen) {
    const drawn = linesOf(closes, times).filter(({data}) => data.length > 0);
    if (hasOwnPane && drawn.length > 0) {
      pane += 1;
    }
    shown.push(...drawn.map((one) => ({...one, pane: hasOwnPane ? pane : 0})));
  }
  return shown;
}

/**
 * The indicators in the order of their panes: the lines of each, how many bars those need for their first value, and
 * whether they stand in a pane of their own.
 */
const INDICATORS = {
  ma: {
    needs: Object.fromEntries(MEANS.map((count) => [`ma${count}`, count])),
    linesOf: (closes, times) => MEANS.map((count) => line(times, `ma${count}`, `ma${count}`, sma(closes, count))),
  },
  bollinger: {
    needs: {bollinger: NEEDS.bollinger},
    linesOf(closes, times) {
      const {upper, middle, lower} = bollinger(closes);
      return [
        line(times, "bollinger_upper", "bollinger", upper),
        line(times, "bollinger_middle", "ma20", middle),
        line(times, "bollinger_lower", "bollinger", lower),
      ];
    },
  },
  rsi: {
    needs: {rsi: NEEDS.rsi},
    hasOwnPane: true,
    linesOf: (closes, times) => [{...line(times, "rsi", "accent", rsi(closes)), levels: [30, 70]}],
  },
  macd: {
    needs: {macd: NEEDS.macd},
    hasOwnPane: true,
    linesOf(closes, times) {
      const found = macd(closes);
      return [
        histogram(times, "macd_histogram", found.histogram),
        line(times, "macd", "ma5", found.line),
        line(times, "macd_signal", "ma20", found.signal),
      ];
    },
  },
};

const line = (times, name, role, values) => ({
  name,
  kind: "line",
  role,
  pane: 0,
  values,
  data: points(times, values),
});

/** Return the prices at which alerts of a stock fire that wait for one; a change counts from the previous close. */
export const marksOf = (alerts, previousClose) =>
  alerts
    .filter(({status}) => status === "active")
    .map(({kind, value}) => (kind === "change_percent" ? previousClose * (1 + value / 100) : value))
    .filter(Number.isFinite);

const ohlc = ({open, high, low, close}) => ({open, high, low, close});

const points = (times, values) =>
  values.map((value, at) => ({time: times[at], value})).filter(({value}) => value !== null);

function volumes(bars, times) {
  const trends = bars.map(({open, close}) => (close >= open ? "up" : "down"));
  const values = bars.map(({volume}) => volume);
  const data = points(times, values).map((point, at) => ({...point, role: trends[at]}));
  return {name: "volume", kind: "histogram", pane: 0, isOverlay: true, values, data};
}

function histogram(times, name, values) {
  const data = points(times, values).map((point) => ({...point, role: point.value >= 0 ? "up" : "down"}));
  return {name, kind: "histogram", values, data};
}
