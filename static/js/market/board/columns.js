// What the price board shows of a quote, one column each: how wide, how compared, how written.

import {amount, percent, price} from "#js/core/format.js";
import {changeOf, priceOf} from "#js/market/prices.js";
import {clock} from "#js/market/times.js";

const onTick = (value, {symbol}) => priceOf(symbol, value);
const share = (value) => (value === undefined ? "–" : `${price(value)}%`);

/** How far the day's prices lie apart, in percent of the previous close. */
function amplitudeOf({high, low, previous_close: before}) {
  return high && low && before ? ((high - low) / before) * 100 : undefined;
}

/** A column is there from the board's width `from` on, in px; `isTrend` ones have the colour of the day's change. */
export const COLUMNS = [
  {name: "code", from: 620, width: "80px", isText: true, value: ({code}) => code},
  {name: "name", from: 0, width: "minmax(132px, 1.6fr)", isText: true, value: ({name}) => name},
  {name: "price", from: 0, width: "minmax(76px, 1fr)", isTrend: true, value: (quote) => quote.price, write: onTick},
  {
    name: "change",
    from: 520,
    width: "minmax(72px, 1fr)",
    isTrend: true,
    value: (quote) => quote.change,
    write: (value, {symbol}) => changeOf(symbol, value),
  },
  {
    name: "change_percent",
    from: 0,
    width: "minmax(82px, 1fr)",
    isTrend: true,
    value: (quote) => quote.change_percent,
    write: percent,
  },
  {name: "volume", from: 720, width: "minmax(84px, 1fr)", value: ({volume}) => volume, write: amount},
  {name: "amount", from: 820, width: "minmax(84px, 1fr)", value: (quote) => quote.amount, write: amount},
  {name: "open", from: 980, width: "minmax(76px, 1fr)", value: ({open}) => open || undefined, write: onTick},
  {name: "high", from: 900, width: "minmax(76px, 1fr)", value: ({high}) => high || undefined, write: onTick},
  {name: "low", from: 900, width: "minmax(76px, 1fr)", value: ({low}) => low || undefined, write: onTick},
  {
    name: "previous_close",
    from: 1060,
    width: "minmax(76px, 1fr)",
    value: (quote) => quote.previous_close,
    write: onTick,
  },
  {name: "amplitude", from: 1180, width: "minmax(76px, 0.8fr)", value: amplitudeOf, write: share},
  {name: "time", from: 560, width: "84px", value: ({timestamp}) => timestamp, write: clock},
];

/** The columns that a board so wide has room for. */
export const columnsFor = (width) => COLUMNS.filter(({from}) => from <= width);
