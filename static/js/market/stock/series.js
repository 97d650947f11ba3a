// What a chart of a stock consists of, as data: lines, candles and histograms, each in its pane, coloured by roles.

import {averages, chartTime} from "#js/market/stock/bars.js";
import {bollinger, macd, rsi, sma} from "#js/market/stock/indicators.js";

export const MEANS = [5, 10, 20, 60];
const MEAN_ROLES = ["first", "second", "third", "fourth"];

/** The views of a stock: `period` is that of its bars, `isLine` the day as a line with its average. */
export const VIEWS = {
  minutes: {period: "1m", isLine: true},
  candles_1m: {period: "1m"},
  days: {period: "1d"},
};

/**
 * Return `[{name, kind, pane, role, values, data, ...}]`. `kind` is "candles", "baseline", "line" or "histogram"; `data` is
 * the chart's, without the places where there is no value; `values` are those by bar, for the legend.
 */
export function seriesOf({bars, view, indicators, previousClose, isIndex}) {
  const {period, isLine} = VIEWS[view];
  const times = bars.map(({time}) => chartTime(time, period));
  const closes = bars.map(({close}) => close);
  const line = (name, role, values, pane = 0) => ({
    name,
    kind: "line",
    role,
    pane,
    values,
    data: points(times, values),
  });
  const price = isLine
    ? {name: "price", kind: "baseline", pane: 0, base: previousClose, values: closes, data: points(times, closes)}
    : {name: "price", kind: "candles", pane: 0, data: bars.map((bar, at) => ({time: times[at], ...ohlc(bar)}))};
  const shown = [price, volumes(bars, times)];
  if (isLine) {
    return isIndex ? shown : [...shown, line("average", "second", averages(bars))];
  }
  let pane = 0;
  if (indicators.includes("ma")) {
    shown.push(...MEANS.map((days, at) => line(`ma${days}`, MEAN_ROLES[at], sma(closes, days))));
  }
  if (indicators.includes("bollinger")) {
    const {upper, middle, lower} = bollinger(closes);
    shown.push(line("bollinger_upper", "faint", upper), line("bollinger_middle", "third", middle));
    shown.push(line("bollinger_lower", "faint", lower));
  }
  if (indicators.includes("rsi")) {
    shown.push({...line("rsi", "first", rsi(closes), ++pane), levels: [30, 70]});
  }
  if (indicators.includes("macd")) {
    const found = macd(closes);
    pane += 1;
    shown.push(histogram("macd_histogram", pane, times, found.histogram));
    shown.push(line("macd", "first", found.line, pane), line("macd_signal", "second", found.signal, pane));
  }
  return shown;
}

const ohlc = ({open, high, low, close}) => ({open, high, low, close});

const points = (times, values) =>
  values.map((value, at) => ({time: times[at], value})).filter(({value}) => value !== null);

function volumes(bars, times) {
  const trends = bars.map(({open, close}) => (close >= open ? "up" : "down"));
  const values = bars.map(({volume}) => volume);
  const data = points(times, values).map((point, at) => ({...point, role: trends[at]}));
  return {name: "volume", kind: "histogram", pane: 0, isOverlay: true, values, data};
}

function histogram(name, pane, times, values) {
  const data = points(times, values).map((point) => ({...point, role: point.value >= 0 ? "up" : "down"}));
  return {name, kind: "histogram", pane, values, data};
}
