// What is wrong with an alert somebody wants, before the server is asked; and what it says afterwards, in their language.

import {count, percent} from "#js/core/format.js";
import {Refusal} from "#js/core/session.js";
import {t} from "#js/core/texts.js";
import {decimalsOf, priceOf} from "#js/market/prices.js";
import {problemText} from "#js/ui/problems.js";

/** What the server keeps for one user, and what it lets an alert wait for. */
const MOST_ALERTS = 100;
const MOST_PRICE = 10_000_000;
const MOST_PERCENT = 1_000;
const PERCENT_DECIMALS = 2;

/** Return `{name, ...values}` of what is wrong with `{symbol, kind, value}`, or null; `list` are the alerts there are. */
export function faultOf(wanted, list) {
  const {symbol, kind, value} = wanted;
  if (!Number.isFinite(value)) {
    return {name: "missing"};
  }
  const isPercent = kind === "change_percent";
  if (isPercent && (value === 0 || Math.abs(value) > MOST_PERCENT)) {
    return {name: "percent", most: count(MOST_PERCENT)};
  }
  if (!isPercent && (value <= 0 || value > MOST_PRICE)) {
    return {name: "price", most: count(MOST_PRICE)};
  }
  const decimals = isPercent ? PERCENT_DECIMALS : decimalsOf(symbol);
  if (Number(value.toFixed(decimals)) !== value) {
    return {name: "decimals", count: decimals};
  }
  const waiting = list.filter(({status}) => status === "active");
  if (waiting.some((one) => one.symbol === symbol && one.kind === kind && one.value === value)) {
    return {name: "same"};
  }
  return waiting.length >= MOST_ALERTS ? {name: "many", most: MOST_ALERTS} : null;
}

export const faultText = ({name, ...values}) => t(`market.alert_wrong_${name}`, values);

/** Why an alert was refused that had no fault: what holds already would not wait, and other devices set alerts too. */
export function refusalText(error, quote) {
  if (error instanceof Refusal && error.code === "invalid_input" && quote) {
    const {symbol, price, change_percent: change} = quote;
    return faultText({name: "reached", price: priceOf(symbol, price), change: percent(change)});
  }
  if (error instanceof Refusal && error.code === "conflict") {
    return faultText({name: "many", most: MOST_ALERTS});
  }
  return problemText(error);
}

/** How far a quote is from what an alert waits for: in percent of the price, or in points of the day's change. */
export function distanceOf({kind, value}, quote) {
  return kind === "change_percent" ? value - quote.change_percent : (value / quote.price - 1) * 100;
}
