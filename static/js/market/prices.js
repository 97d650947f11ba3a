// Prices as people read them: on the tick of what is traded.

import {change, price} from "#js/core/format.js";

const FUND_OR_BOND = /^(5\d{5}|11\d{4}|132\d{3}|204\d{3})\.SH$|^1[125678]\d{4}\.SZ$/;

/** How many decimals the prices of a symbol have: funds and bonds trade in steps of 0.001. */
export const decimalsOf = (symbol) => (FUND_OR_BOND.test(symbol) ? 3 : 2);

const isFine = (symbol, value) => value != null && decimalsOf(symbol) === 3;

/** 1850.5 → "1,850.50", of a fund 4.321 → "4.321" */
export const priceOf = (symbol, value) => (isFine(symbol, value) ? value.toFixed(3) : price(value));

/** 0.38 → "+0.38", of a fund 0.004 → "+0.004" */
export const changeOf = (symbol, value) =>
  isFine(symbol, value) ? `${value > 0 ? "+" : ""}${value.toFixed(3)}` : change(value);
