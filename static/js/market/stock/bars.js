// The arithmetic of bars: the one under way led on by quotes, one day's minutes, and their average price.

const MINUTE_CHARACTERS = "2026-01-05T09:30".length;
const DAY_CHARACTERS = "2026-01-05".length;
const SHANGHAI_MS = 8 * 3_600_000;

/** The day of a time of the API, which is Shanghai's: "2026-01-05". */
export const dayOf = (time) => time.slice(0, DAY_CHARACTERS);

/** The bars with a quote that came after `before`, the one ahead of it; the same list when it changes nothing. */
export function withQuote(bars, period, quote, before) {
  const last = bars.at(-1);
  const characters = period === "1d" ? DAY_CHARACTERS : MINUTE_CHARACTERS;
  const begins = quote.timestamp.slice(0, characters);
  const isLast = last?.time.slice(0, characters) === begins;
  if (quote.suspended || (last && !isLast && begins < last.time)) {
    return bars;
  }
  const traded = period === "1d" ? {volume: quote.volume, amount: quote.amount ?? 0} : tradedSince(before, quote);
  if (isLast) {
    return [...bars.slice(0, -1), led(last, quote, period, traded)];
  }
  const {price} = quote;
  const time = begins + quote.timestamp.slice(characters).replace(/\d/g, "0").replace("+00:00", "+08:00");
  const first =
    period === "1d"
      ? {open: quote.open || price, high: quote.high || price, low: quote.low || price}
      : {open: price, high: price, low: price};
  return [...bars, {time, ...first, close: price, ...traded}];
}

function led(bar, {price, volume, amount}, period, traded) {
  const sums =
    period === "1d"
      ? {volume, amount: amount ?? bar.amount}
      : {volume: bar.volume + traded.volume, amount: bar.amount + traded.amount};
  return {...bar, high: Math.max(bar.high, price), low: Math.min(bar.low, price), close: price, ...sums};
}

function tradedSince(before, {price, volume}) {
  const traded = before && before.volume <= volume ? volume - before.volume : 0;
  return {volume: traded, amount: traded * price};
}

/** The minutes of the last day that has any. */
export function lastDay(bars) {
  const day = bars.length ? dayOf(bars.at(-1).time) : "";
  return bars.filter(({time}) => dayOf(time) === day);
}

/** The average price of a day up to each of its minutes: what was paid by what was traded. */
export function averages(bars) {
  let amount = 0;
  let volume = 0;
  return bars.map((bar) => {
    amount += bar.amount;
    volume += bar.volume;
    return volume ? amount / volume : null;
  });
}

/** A time as the chart wants it: a day as it is written, a minute in seconds that read as Shanghai's hours. */
export const chartTime = (time, period) => (period === "1d" ? dayOf(time) : (Date.parse(time) + SHANGHAI_MS) / 1000);
