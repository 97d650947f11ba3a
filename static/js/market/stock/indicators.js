// Technical indicators as TA-Lib has them: lists in, lists of the same length out, null before the first value.

const RSI_PERIOD = 14;
const MACD_PERIODS = {fast: 12, slow: 26, signal: 9};
const BOLLINGER_PERIOD = 20;

/** How many values the indicators of the usual periods need for their first one. */
export const NEEDS = {
  rsi: RSI_PERIOD + 1,
  macd: MACD_PERIODS.slow + MACD_PERIODS.signal - 1,
  bollinger: BOLLINGER_PERIOD,
};

/** The mean of the last `period` values. */
export function sma(values, period) {
  let sum = 0;
  return values.map((value, index) => {
    sum += value - (index >= period ? values[index - period] : 0);
    return index >= period - 1 ? sum / period : null;
  });
}

/** The exponential mean, which begins with the mean of the first `period` values. */
export const ema = (values, period) => smoothed(values, period, 2 / (period + 1));

/** Wilder's relative strength index, 0 to 100; 50 where prices do not move. */
export function rsi(closes, period = RSI_PERIOD) {
  const moves = closes.slice(1).map((close, index) => close - closes[index]);
  const gains = smoothed(
    moves.map((move) => Math.max(move, 0)),
    period,
    1 / period,
  );
  const losses = smoothed(
    moves.map((move) => Math.max(-move, 0)),
    period,
    1 / period,
  );
  const index = gains.map((gain, place) => {
    const total = gain + losses[place];
    return gain === null ? null : total === 0 ? 50 : (100 * gain) / total;
  });
  return closes.length ? [null, ...index] : [];
}

/** The distance of two exponential means that begin on one day, that distance smoothed, and what lies between them. */
export function macd(closes, {fast, slow, signal} = MACD_PERIODS) {
  const late = slow - fast;
  const quick = [...Array(Math.min(late, closes.length)).fill(null), ...ema(closes.slice(late), fast)];
  const calm = ema(closes, slow);
  const begins = slow - 1;
  const distance = closes.map((_, index) => (index < begins ? null : quick[index] - calm[index]));
  const smooth = ema(distance.slice(begins), signal);
  const line = distance.map((value, index) => (index < begins + signal - 1 ? null : value));
  const signals = line.map((value, index) => (value === null ? null : smooth[index - begins]));
  return {
    line,
    signal: signals,
    histogram: line.map((value, index) => (value === null ? null : value - signals[index])),
  };
}

/** The mean of `period` values, and so many of their standard deviations above and below it. */
export function bollinger(closes, period = BOLLINGER_PERIOD, deviations = 2) {
  const middle = sma(closes, period);
  const spread = middle.map((mean, index) => {
    if (mean === null) {
      return null;
    }
    const squares = closes.slice(index - period + 1, index + 1).map((close) => (close - mean) ** 2);
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / period);
  });
  const band = (side) => middle.map((mean, index) => (mean === null ? null : mean + side * deviations * spread[index]));
  return {upper: band(1), middle, lower: band(-1)};
}

/** A mean in which each new value counts `weight` and all earlier ones the rest. */
function smoothed(values, period, weight) {
  let mean = null;
  return values.map((value, index) => {
    if (index < period - 1) {
      return null;
    }
    if (mean === null) {
      mean = values.slice(0, period).reduce((sum, one) => sum + one, 0) / period;
    } else {
      mean += weight * (value - mean);
    }
    return mean;
  });
}
