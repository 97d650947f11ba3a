"""Technical indicators: arrays in, arrays of the same length out, NaN before the first value.

The values are TA-Lib's, but for the RSI of prices that do not move: 50 here, neither bought nor sold too much.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Values = NDArray[np.float64]


class Macd(NamedTuple):
    line: Values
    signal: Values
    histogram: Values


class Bands(NamedTuple):
    upper: Values
    middle: Values
    lower: Values


def sma(values: Values, period: int) -> Values:
    """Return the mean of the last ``period`` values."""
    result = _empty(values, period)
    if len(values) >= period:
        result[period - 1 :] = sliding_window_view(values, period).mean(axis=1)
    return result


def ema(values: Values, period: int) -> Values:
    """Return the exponential mean, which begins with the mean of the first ``period`` values."""
    return _smoothed(values, period, 2 / (period + 1))


def rsi(closes: Values, period: int = 14) -> Values:
    """Return Wilder's relative strength index, 0 to 100."""
    result = _empty(closes, period)
    moves = np.diff(closes)
    gains = _smoothed(np.maximum(moves, 0.0), period, 1 / period)[period - 1 :]
    losses = _smoothed(np.maximum(-moves, 0.0), period, 1 / period)[period - 1 :]
    total = gains + losses
    still = total == 0.0
    result[period:] = np.where(still, 50.0, 100 * gains / np.where(still, 1.0, total))
    return result


def macd(closes: Values, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Return the distance of two exponential means, that distance smoothed, and what lies between them.

    Both means begin on the same day, and nothing is given before the smoothed line begins, as TA-Lib does it.
    """
    if not fast < slow:
        raise ValueError(f"got periods {fast} and {slow}; the fast one must be the shorter")
    _check(signal)
    late = closes[slow - fast :]
    distance = (ema(late, fast)[fast - 1 :]) - ema(closes, slow)[slow - 1 :]
    smoothed = ema(distance, signal)
    first = slow + signal - 2
    line, signal_line = _nans(len(closes)), _nans(len(closes))
    line[first:], signal_line[first:] = distance[signal - 1 :], smoothed[signal - 1 :]
    return Macd(line, signal_line, line - signal_line)


def bollinger(closes: Values, period: int = 20, deviations: float = 2.0) -> Bands:
    """Return the mean and the bands so many standard deviations (of the population) around it."""
    middle, spread = sma(closes, period), _nans(len(closes))
    if len(closes) >= period:
        spread[period - 1 :] = sliding_window_view(closes, period).std(axis=1)
    return Bands(middle + deviations * spread, middle, middle - deviations * spread)


def atr(highs: Values, lows: Values, closes: Values, period: int = 14) -> Values:
    """Return Wilder's average true range."""
    result = _empty(closes, period)
    before = closes[:-1]
    ranges = np.maximum(highs[1:], before) - np.minimum(lows[1:], before)
    result[period:] = _smoothed(ranges, period, 1 / period)[period - 1 :]
    return result


def _smoothed(values: Values, period: int, weight: float) -> Values:
    """Return a mean in which each new value counts ``weight`` and all earlier ones the rest."""
    result = _empty(values, period)
    if len(values) < period:
        return result
    mean = float(values[:period].mean())
    result[period - 1] = mean
    for index in range(period, len(values)):
        mean += weight * (float(values[index]) - mean)
        result[index] = mean
    return result


def _empty(values: Values, period: int) -> Values:
    _check(period)
    return _nans(len(values))


def _nans(length: int) -> Values:
    return np.full(length, np.nan)


def _check(period: int) -> None:
    if period < 1:
        raise ValueError(f"got the period {period}; it must be 1 or more")
