import assert from "node:assert/strict";
import {test} from "node:test";
import {averages, chartTime, lastDay, withQuote} from "#js/market/stock/bars.js";
import {bollinger, ema, macd, rsi, sma} from "#js/market/stock/indicators.js";
import {marksOf, missingOf, seriesOf} from "#js/market/stock/series.js";

// The expected values are TA-Lib's of these closes: SMA(20), EMA(12), RSI(14), MACD(12, 26, 9), BBANDS(20, 2, 2).
const CLOSES = Array.from({length: 60}, (_, at) =>
  round(100 + 10 * Math.sin(at / 5) + at * 0.3 + ((at * 37) % 11) * 0.2),
);

function round(value) {
  return Math.round(value * 100) / 100;
}

/** Hold a list against what is known of it: where it begins, its first value and its last. */
function holds(values, first, ...known) {
  assert.equal(values.length, CLOSES.length);
  assert.equal(values[first - 1], null);
  [values[first], values.at(-1)].forEach((value, at) => {
    assert.ok(Math.abs(value - known[at]) < 1e-9, `${value} is not ${known[at]}`);
  });
}

test("the indicators are TA-Lib's", () => {
  holds(sma(CLOSES, 20), 19, 108.1585, 113.7565);
  holds(ema(CLOSES, 12), 11, 109.49916666666665, 110.54401659018386);
  holds(rsi(CLOSES), 14, 67.35333631885356, 51.30244612087442);
  const found = macd(CLOSES);
  holds(found.line, 33, -0.11904404213782982, -1.1910833063000439);
  holds(found.signal, 33, -2.6262174118817274, -0.6438094307954857);
  holds(found.histogram, 33, 2.5071733697438976, -0.5472738755045582);
  const bands = bollinger(CLOSES);
  holds(bands.upper, 19, 116.85647970795517, 125.04941507981889);
  holds(bands.lower, 19, 99.46052029204483, 102.46358492018112);
});

test("few bars, or none, have no indicators; prices that stand still have an RSI of 50", () => {
  for (const length of [0, 1, 5, 25, 30]) {
    const few = CLOSES.slice(0, length);
    const {line, signal, histogram} = macd(few);
    for (const values of [sma(few, 60), ema(few, 60), line, signal, histogram]) {
      assert.deepEqual(values, Array(length).fill(null));
    }
    assert.equal(rsi(few).length, length);
  }
  assert.deepEqual(rsi(Array(16).fill(10)).slice(-2), [50, 50]);
});

const bar = (time, changes = {}) => ({
  time,
  open: 10,
  high: 12,
  low: 9,
  close: 11,
  volume: 100,
  amount: 1_100,
  ...changes,
});
const quote = (time, changes = {}) => ({price: 13, volume: 150, amount: 2_000, timestamp: time, ...changes});

test("a quote leads on the day under way, and begins the next", () => {
  const bars = [bar("2026-01-05T00:00:00.000+08:00")];
  const [led] = withQuote(bars, "1d", quote("2026-01-05T10:00:07.000+08:00"));
  assert.deepEqual(led, bar("2026-01-05T00:00:00.000+08:00", {high: 13, close: 13, volume: 150, amount: 2_000}));
  const [, next] = withQuote(bars, "1d", quote("2026-01-06T09:30:01.000+08:00", {open: 12, high: 14, low: 12}));
  assert.deepEqual(next, {
    time: "2026-01-06T00:00:00.000+08:00",
    open: 12,
    high: 14,
    low: 12,
    close: 13,
    volume: 150,
    amount: 2_000,
  });
  assert.equal(withQuote(bars, "1d", quote("2026-01-04T10:00:00.000+08:00")), bars);
  assert.equal(withQuote(bars, "1d", quote("2026-01-05T10:00:00.000+08:00", {suspended: true})), bars);
});

test("a minute counts what was traded since the quote before", () => {
  const bars = [bar("2026-01-05T10:00:00.000+08:00")];
  const before = quote("2026-01-05T10:00:03.000+08:00", {volume: 120});
  const [led] = withQuote(bars, "1m", quote("2026-01-05T10:00:09.000+08:00"), before);
  assert.deepEqual([led.volume, led.amount, led.close], [130, 1_490, 13]);
  const [, next] = withQuote(bars, "1m", quote("2026-01-05T10:01:02.000+08:00"), before);
  assert.deepEqual(next, {
    time: "2026-01-05T10:01:00.000+08:00",
    open: 13,
    high: 13,
    low: 13,
    close: 13,
    volume: 30,
    amount: 390,
  });
  const [unknown] = withQuote(bars, "1m", quote("2026-01-05T10:00:09.000+08:00"));
  assert.equal(unknown.volume, 100);
});

test("the last day's minutes, their average, and the chart's hours, which are Shanghai's", () => {
  const bars = [
    bar("2026-01-05T14:59:00.000+08:00"),
    bar("2026-01-06T09:30:00.000+08:00", {volume: 0, amount: 0}),
    bar("2026-01-06T09:31:00.000+08:00", {volume: 100, amount: 1_000}),
    bar("2026-01-06T09:32:00.000+08:00", {volume: 300, amount: 3_800}),
  ];
  assert.deepEqual(lastDay(bars), bars.slice(1));
  assert.deepEqual(lastDay([]), []);
  assert.deepEqual(averages(bars.slice(1)), [null, 10, 12]);
  assert.equal(chartTime("2026-01-06T00:00:00.000+08:00", "1d"), "2026-01-06");
  assert.equal(
    new Date(chartTime("2026-01-06T09:31:00.000+08:00", "1m") * 1000).toISOString(),
    "2026-01-06T09:31:00.000Z",
  );
});

test("a chart has the series that were chosen, each in its pane, without places that have no value", () => {
  const bars = CLOSES.map((close, at) => bar(`2026-01-01T00:00:00.000+08:00`, {close, volume: at}));
  const series = seriesOf({bars, view: "days", indicators: ["ma", "rsi", "macd"], previousClose: 100});
  assert.deepEqual(
    series.map(({name, pane}) => `${name} ${pane}`),
    [
      "price 0",
      "volume 0",
      "ma5 0",
      "ma10 0",
      "ma20 0",
      "ma60 0",
      "rsi 1",
      "macd_histogram 2",
      "macd 2",
      "macd_signal 2",
    ],
  );
  assert.equal(series.find(({name}) => name === "ma20").data.length, 41);
  const minutes = seriesOf({bars, view: "minutes", indicators: ["ma"], previousClose: 100});
  assert.deepEqual(
    minutes.map(({kind}) => kind),
    ["baseline", "histogram", "line"],
  );
  assert.equal(minutes[0].base, 100);
  assert.equal(seriesOf({bars, view: "minutes", indicators: [], previousClose: 100, isIndex: true}).length, 2);
});

test("what has no value of so few bars is not drawn, nor its pane, and how many it needs is known", () => {
  const indicators = ["rsi", "macd", "ma", "bollinger"];
  for (let count = 1; count <= CLOSES.length; count++) {
    const bars = CLOSES.slice(0, count).map((close) => bar("2026-01-01T00:00:00.000+08:00", {close}));
    const series = seriesOf({bars, view: "candles_1m", indicators, previousClose: 100});
    const drawn = new Set(series.map(({name}) => name));
    const missing = missingOf({count, view: "candles_1m", indicators});
    for (const name of ["ma5", "ma10", "ma20", "ma60", "rsi", "macd"]) {
      assert.notEqual(
        drawn.has(name),
        missing.some((one) => one.name === name),
        `${name} of ${count}`,
      );
    }
    assert.notEqual(
      drawn.has("bollinger_middle"),
      missing.some(({name}) => name === "bollinger"),
    );
    const panes = new Set(series.map(({pane}) => pane));
    assert.deepEqual(
      [...panes].sort(),
      Array.from(panes, (_, at) => at),
    );
  }
  assert.deepEqual(missingOf({count: 33, view: "days", indicators: ["macd"]}), [{name: "macd", needs: 34}]);
  assert.deepEqual(missingOf({count: 1, view: "minutes", indicators}), []);
});

test("alerts that wait have a mark at the price where they fire", () => {
  const alert = (kind, value, status = "active") => ({kind, value, status});
  const alerts = [alert("above", 12), alert("below", 8, "fired"), alert("change_percent", -5)];
  assert.deepEqual(marksOf(alerts, 10), [12, 9.5]);
  assert.deepEqual(marksOf(alerts, undefined), [12]);
});
