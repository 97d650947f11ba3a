// What the numbers of an analysis say, as sentences: which ones, and with what in them.

import {percent, price} from "#js/core/format.js";

const OVERBOUGHT = 70;
const OVERSOLD = 30;

const whole = (fraction) => percent(fraction * 100).replace(/^[+−-]/, "");

/** Return `[{key, values}]`, in the order in which they are said. */
export function summary({from, day, bars, name, close, latest, risk, signals}) {
  const {total_return: total, max_drawdown: drawdown, annual_volatility: volatility} = risk;
  return [
    {
      key: total == null ? "span" : total >= 0 ? "rise" : "fall",
      values: {name, from, day, bars, total: whole(total ?? 0)},
    },
    volatility != null && {key: "volatility", values: {volatility: whole(volatility)}},
    drawdown < 0 && {
      key: "drawdown",
      values: {drawdown: whole(drawdown), from: risk.drawdown_from, to: risk.drawdown_to, now: whole(latest.drawdown)},
    },
    latest.ma20 != null && {
      key: close >= latest.ma20 ? "above" : "below",
      values: {close: price(close), average: price(latest.ma20)},
    },
    latest.rsi != null && {key: strength(latest.rsi), values: {rsi: latest.rsi.toFixed(1)}},
    latest.macd_histogram != null && {key: latest.macd_histogram >= 0 ? "macd_up" : "macd_down", values: {}},
    signals.length > 0
      ? {key: "signals", values: {count: signals.length, day: signals.at(-1).day}}
      : {key: "no_signals", values: {}},
  ].filter(Boolean);
}

const strength = (rsi) => (rsi >= OVERBOUGHT ? "overbought" : rsi <= OVERSOLD ? "oversold" : "neutral");
