"""A market that never was: days and trades that follow from a seed alone, the same in every process."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI, Quote
from server.market.calendar import TradingTime
from server.market.instruments import Instrument, Kind, Market
from server.market.quotes import price_limits
from server.market.simulated_days import FIRST_DAY, SimulatedDays, cny_per_point

STEPS = 28_800
"""Moments of a day at which a trade may happen."""

_DAY = timedelta(days=1)
_DEVIATION = 0.012
_TRADE_CHANCE = 0.6


class Trades(NamedTuple):
    """The trades of one day: at which step, at how many ticks, how many shares."""

    steps: NDArray[np.int32]
    ticks: NDArray[np.int32]
    shares: NDArray[np.int32]


class SimulatedMarket:
    """Every day of every instrument since ``FIRST_DAY``, and the trades of each day.

    A day opens with a gap, stays within its limits, trades most after the open and before the close, and ends
    where the next begins. Each week another of Beijing's shares is suspended.
    """

    def __init__(self, instruments: Iterable[Instrument], trading: TradingTime, seed: int = 0) -> None:
        self.instruments = tuple(instruments)
        self._numbers = {one.symbol: number for number, one in enumerate(self.instruments)}
        self._trading = trading
        self._seed = seed
        self._suspendable = [
            one.symbol for one in self.instruments if one.market is Market.BJ and one.kind is Kind.SHARE
        ]
        self._days = SimulatedDays(self.instruments, seed, self._does_trade)
        self._trades = lru_cache(maxsize=2 * len(self.instruments))(self._make_trades)

    def is_suspended(self, symbol: str, day: date) -> bool:
        week = day.toordinal() // 7
        return bool(self._suspendable) and self._suspendable[week % len(self._suspendable)] == symbol

    def daily_bars(self, symbol: str, until: date, count: int) -> list[Bar]:
        """Return up to ``count`` days before ``until``, the oldest first; none for days of suspension."""
        bars: list[Bar] = []
        day, number = until - _DAY, self._numbers[symbol]
        while day >= FIRST_DAY and len(bars) < count:
            bar = self._days.bar(number, day)
            if bar is not None:
                bars.append(bar)
            day -= _DAY
        return bars[::-1]

    def quote(self, instrument: Instrument, now: datetime) -> Quote:
        """Return what a price source would say at ``now``; on a day without trading, the last close."""
        day = self._trading_day(now)
        number = self._numbers[instrument.symbol]
        close = self._days.close_before(number, day)
        limit = instrument.daily_limit_percent
        down, up = price_limits(close, limit, instrument.tick) if limit else (None, None)
        idle = Quote(
            symbol=instrument.symbol,
            name=instrument.name,
            price=close,
            previous_close=close,
            open=close,
            high=close,
            low=close,
            volume=0,
            timestamp=self._trading.moment_at(day, 0.0),
            limit_up=up,
            limit_down=down,
            suspended=self.is_suspended(instrument.symbol, day),
        )
        bar, progress = self._days.bar(number, day), self._trading.progress(now)
        return idle if bar is None or progress == 0.0 else self._traded(idle, instrument, bar, progress)

    def _traded(self, idle: Quote, instrument: Instrument, bar: Bar, progress: float) -> Quote:
        """Return the quote after the trades of the part ``progress`` of the day."""
        trades = self._trades(instrument, bar)
        count = int(np.searchsorted(trades.steps, int(progress * STEPS), side="right"))
        ticks, shares = trades.ticks[:count], trades.shares[:count]
        per_point = round(1 / instrument.tick)
        points = int((ticks.astype(np.int64) * shares).sum())  # not a dot product: BLAS would wake its threads for it
        amount = points / per_point * cny_per_point(instrument)
        return Quote(
            symbol=idle.symbol,
            name=idle.name,
            previous_close=idle.previous_close,
            price=int(ticks[-1]) / per_point,
            open=int(ticks[0]) / per_point,
            high=int(ticks.max()) / per_point,
            low=int(ticks.min()) / per_point,
            volume=int(shares.sum()),
            amount=round(amount, 2),
            timestamp=self._trading.moment_at(bar.time.date(), int(trades.steps[count - 1]) / STEPS),
            limit_up=idle.limit_up,
            limit_down=idle.limit_down,
        )

    def _does_trade(self, instrument: Instrument, day: date) -> bool:
        return self._trading.is_trading_day(day) and not self.is_suspended(instrument.symbol, day)

    def _trading_day(self, now: datetime) -> date:
        day = max(now.astimezone(SHANGHAI).date(), FIRST_DAY)
        while not self._trading.is_trading_day(day) and day > FIRST_DAY:
            day -= _DAY
        return day

    def _make_trades(self, instrument: Instrument, bar: Bar) -> Trades:
        generator = np.random.default_rng([self._seed, crc32(instrument.symbol.encode()), bar.time.toordinal()])
        traded = generator.random(STEPS) < _TRADE_CHANCE
        traded[0] = traded[-1] = True
        steps = np.flatnonzero(traded).astype(np.int32)
        progress = steps / (STEPS - 1)
        ticks = np.rint(_path(bar, progress, generator) / float(instrument.tick)).astype(np.int32)
        return Trades(steps, ticks, _volumes(bar.volume, progress, generator))


def _path(bar: Bar, progress: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return prices that wander from the open to the close and touch the high and the low."""
    walk = np.cumsum(generator.standard_normal(len(progress))) / math.sqrt(len(progress))
    bridge = walk - progress * walk[-1]
    prices: NDArray[np.float64] = np.exp(
        np.log(bar.open) + progress * np.log(bar.close / bar.open) + _DEVIATION * bridge
    )
    prices = np.clip(prices, bar.low, bar.high)
    inner = prices[1:-1]
    inner[inner.argmax()], inner[inner.argmin()] = bar.high, bar.low
    prices[0], prices[-1] = bar.open, bar.close
    return prices


def _volumes(total: int, progress: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int32]:
    """Return whole shares of each trade, most of them early and late, that add up to ``total``."""
    weights = (1 + 2.5 * (2 * progress - 1) ** 2) * generator.exponential(size=len(progress))
    until = np.rint(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
    until[-1] = total
    shares: NDArray[np.int32] = np.diff(until, prepend=0).astype(np.int32)
    return shares
