"""Strategies: small classes that look at a share's daily bars and say something about the last day, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from server.domain.signals import Signal
from server.market.bars import BarArrays
from server.market.indicators import rsi, sma
from server.market.instruments import Instrument

BUY = "buy"


class Finding(NamedTuple):
    """What a strategy found: how strong, and the numbers of its reason."""

    score: float
    values: dict[str, float]


class Strategy(Protocol):
    """A rule over daily bars, with the name that clients subscribe to."""

    @property
    def name(self) -> str: ...

    @property
    def reason(self) -> str:
        """The sentence of a finding in the default language, with the finding's values as placeholders."""

    @property
    def needed_bars(self) -> int:
        """The fewest bars it can judge."""

    def look(self, bars: BarArrays) -> Finding | None:
        """Return what the last of at least ``needed_bars`` bars shows."""


class VolumeWave:
    """A volume surge with a price breakout: today is louder than usual and closes above every high of late."""

    name: ClassVar[str] = "volume_wave"
    reason: ClassVar[str] = (
        "成交量放大至{days:.0f}日均量的{ratio:.1f}倍，收盘价{price:.2f}突破{days:.0f}日高点{high:.2f}"
    )
    needed_bars: ClassVar[int] = 21
    least_ratio: ClassVar[float] = 1.5

    def look(self, bars: BarArrays) -> Finding | None:
        before = slice(-self.needed_bars, -1)
        usual, high = float(bars.volume[before].mean()), float(bars.high[before].max())
        close = float(bars.close[-1])
        if not usual or bars.volume[-1] < self.least_ratio * usual or close <= high:
            return None
        ratio = float(bars.volume[-1]) / usual
        score = 40 + 15 * (ratio - self.least_ratio) + 500 * (close / high - 1)
        return Finding(score, {"days": self.needed_bars - 1, "ratio": ratio, "price": close, "high": high})


class MovingAverageCross:
    """The short moving average crosses the long one from below."""

    name: ClassVar[str] = "ma_cross"
    reason: ClassVar[str] = "{short:.0f}日均线{short_average:.2f}上穿{long:.0f}日均线{long_average:.2f}"
    needed_bars: ClassVar[int] = 21
    short: ClassVar[int] = 5
    long: ClassVar[int] = 20

    def look(self, bars: BarArrays) -> Finding | None:
        short, long = sma(bars.close, self.short)[-2:], sma(bars.close, self.long)[-2:]
        if not (short[0] <= long[0] and short[1] > long[1]):
            return None
        lead, slope = short[1] / long[1] - 1, long[1] / long[0] - 1
        values = {
            "short": self.short,
            "long": self.long,
            "short_average": float(short[1]),
            "long_average": float(long[1]),
        }
        return Finding(50 + 2000 * float(lead) + 2000 * float(slope), values)


class RsiRebound:
    """The RSI comes back above 30: what was sold too much is bought again."""

    name: ClassVar[str] = "rsi_rebound"
    reason: ClassVar[str] = "{period:.0f}日RSI由{before:.1f}回升至{now:.1f}，重新站上{bound:.0f}"
    needed_bars: ClassVar[int] = 60  # the smoothing remembers: fewer would tell another RSI
    period: ClassVar[int] = 14
    bound: ClassVar[float] = 30.0

    def look(self, bars: BarArrays) -> Finding | None:
        before, now = (float(value) for value in rsi(bars.close, self.period)[-2:])
        if not before < self.bound <= now:
            return None
        score = 40 + 2 * (self.bound - before) + (now - self.bound)
        return Finding(score, {"period": self.period, "before": before, "now": now, "bound": self.bound})


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy for strategy in (VolumeWave(), MovingAverageCross(), RsiRebound())
}
"""Every strategy by name."""


def signal_of(strategy: Strategy, instrument: Instrument, bars: BarArrays) -> Signal | None:
    """Return what ``strategy`` says about the last day of ``bars``."""
    if len(bars.days) < strategy.needed_bars:
        return None
    found = strategy.look(bars)
    if found is None:
        return None
    return Signal(
        code=instrument.code,
        symbol=instrument.symbol,
        name=instrument.name,
        signal=BUY,
        score=round(float(np.clip(found.score, 0, 100)), 1),
        reason=strategy.reason.format(**found.values),
        reason_key=f"signals.{strategy.name}",
        reason_values={name: round(value, 2) for name, value in found.values.items()},
        price=float(bars.close[-1]),
        day=bars.days[-1],
    )


def signals_of(strategy: Strategy, bars: Iterable[tuple[Instrument, BarArrays]]) -> list[Signal]:
    """Return the signals of many instruments, the strongest first."""
    found = (signal_of(strategy, instrument, arrays) for instrument, arrays in bars)
    return sorted((signal for signal in found if signal), key=lambda signal: (-signal.score, signal.symbol))
