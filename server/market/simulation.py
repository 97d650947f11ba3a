"""A market that never was: days and trades that follow from a seed alone, the same in every process."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI, Quote
from server.market.calendar import TradingTime
from server.market.instruments import Instrument, Kind, Market
from server.market.quotes import TICK, price_limits

FIRST_DAY = date(2024, 7, 1)
STEPS = 28_800
"""Moments of a day at which a trade may happen."""

_DAY = timedelta(days=1)
_DAILY_DEVIATION = 0.018
_PULL_TO_BASE = 0.02  # keeps years of wandering near the base price
_GAP_DEVIATION = 0.005
_WICK_DEVIATION = 0.006
_INTRADAY_DEVIATION = 0.008
_INDEX_SHARE = 0.3  # an index averages its shares' moves
_LIMIT_DAY_CHANCE = 0.01
_SURGE_CHANCE = 0.06
_TRADE_CHANCE = 0.6
_LOT = 100
_INDEX_SHARE_PRICE = 18.0


class Trades(NamedTuple):
    """The trades of one day: at which step, at how many ticks, how many shares."""

    steps: NDArray[np.int32]
    ticks: NDArray[np.int32]
    shares: NDArray[np.int32]


class SimulatedMarket:
    """Every day of every instrument since ``FIRST_DAY``, and the trades of each day.

    A day opens with a gap, stays within its limits, trades most after the open and before the close, and ends
    where the next begins. Each week one of Beijing's shares is suspended.
    """

    def __init__(self, instruments: Iterable[Instrument], trading: TradingTime, seed: int = 0) -> None:
        self.instruments = tuple(instruments)
        self._trading = trading
        self._seed = seed
        self._suspendable = [
            one.symbol for one in self.instruments if one.market is Market.BJ and one.kind is Kind.SHARE
        ]
        self._walks = {one.symbol: _Walk(one, seed) for one in self.instruments}
        self._trades = lru_cache(maxsize=2 * len(self.instruments))(self._make_trades)

    def is_suspended(self, symbol: str, day: date) -> bool:
        week = day.toordinal() // 7
        return bool(self._suspendable) and self._suspendable[week % len(self._suspendable)] == symbol

    def daily_bars(self, symbol: str, until: date, count: int) -> list[Bar]:
        """Return up to ``count`` days before ``until``, the oldest first; none for days of suspension."""
        walk = self._walk_to(symbol, until)
        last = max((until - FIRST_DAY).days, 0)
        return [bar for bar in walk.days[:last] if bar is not None][-count:]

    def quote(self, instrument: Instrument, now: datetime) -> Quote:
        """Return what a price source would say at ``now``; on a day without trading, the last close."""
        day, progress = self._trading_day(now), self._trading.progress(now)
        walk = self._walk_to(instrument.symbol, day + _DAY)
        index = (day - FIRST_DAY).days
        close = walk.close_before(index)
        limit = instrument.daily_limit_percent
        down, up = price_limits(close, limit, instrument.tick) if limit else (None, None)
        idle = Quote(
            symbol=instrument.symbol,
            name=instrument.name,
            price=close,
            previous_close=close,
            volume=0,
            timestamp=self._trading.moment_at(day, 0.0),
            limit_up=up,
            limit_down=down,
            suspended=self.is_suspended(instrument.symbol, day),
        )
        bar = walk.days[index]
        return idle if bar is None or progress == 0.0 else self._traded(idle, instrument, bar, progress)

    def _traded(self, idle: Quote, instrument: Instrument, bar: Bar, progress: float) -> Quote:
        """Return the quote after the trades of the part ``progress`` of the day."""
        trades = self._trades(instrument.symbol, bar)
        count = int(np.searchsorted(trades.steps, int(progress * STEPS), side="right"))
        if not count:
            return idle
        ticks, shares = trades.ticks[:count], trades.shares[:count]
        tick = instrument.tick
        return Quote(
            symbol=idle.symbol,
            name=idle.name,
            previous_close=idle.previous_close,
            price=_price(ticks[-1], tick),
            open=_price(ticks[0], tick),
            high=_price(ticks.max(), tick),
            low=_price(ticks.min(), tick),
            volume=int(shares.sum()),
            amount=round(float(ticks.astype(np.float64) @ shares) * float(tick) * _cny_per_point(instrument), 2),
            timestamp=self._trading.moment_at(bar.time.date(), int(trades.steps[count - 1]) / STEPS),
            limit_up=idle.limit_up,
            limit_down=idle.limit_down,
        )

    def _trading_day(self, now: datetime) -> date:
        day = max(now.astimezone(SHANGHAI).date(), FIRST_DAY)
        while not self._trading.is_trading_day(day) and day > FIRST_DAY:
            day -= _DAY
        return day

    def _walk_to(self, symbol: str, until: date) -> _Walk:
        walk = self._walks[symbol]
        while (day := FIRST_DAY + len(walk.days) * _DAY) < until:
            walk.step(day, trades=self._trading.is_trading_day(day) and not self.is_suspended(symbol, day))
        return walk

    def _make_trades(self, symbol: str, bar: Bar) -> Trades:
        tick = float(self._walks[symbol].instrument.tick)
        generator = np.random.default_rng([self._seed, crc32(symbol.encode()), bar.time.toordinal()])
        traded = generator.random(STEPS) < _TRADE_CHANCE
        traded[0] = traded[-1] = True
        steps = np.flatnonzero(traded).astype(np.int32)
        progress = steps / (STEPS - 1)
        ticks = np.rint(_path(bar, progress, generator) / tick).astype(np.int32)
        return Trades(steps, ticks, _volumes(bar.volume, progress, generator))


class _Walk:
    """One instrument's days so far; None is a day without trades."""

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self.instrument = instrument
        self.days: list[Bar | None] = []
        self._closes: list[float] = []
        self._random = random.Random(f"{seed}:{instrument.symbol}")  # noqa: S311 - a simulation, not a secret

    def close_before(self, index: int) -> float:
        """Return the close before day number ``index``."""
        return self._closes[index - 1] if index else self.instrument.base_price

    def step(self, day: date, *, trades: bool) -> None:
        close = self.close_before(len(self.days))
        bar = self._next(day, close) if trades else None
        self.days.append(bar)
        self._closes.append(bar.close if bar else close)

    def _next(self, day: date, previous: float) -> Bar:
        chance, share = self._random, self.instrument
        wild = _INDEX_SHARE if share.kind is Kind.INDEX else 1.0
        limit = share.daily_limit_percent
        low_limit, high_limit = price_limits(previous, limit, share.tick) if limit else (float(share.tick), math.inf)

        digits = 2 if share.tick == TICK else 3

        def within(price: float) -> float:
            return min(max(round(price, digits), low_limit), high_limit)

        drift = _PULL_TO_BASE * math.log(share.base_price / previous)
        move = drift + chance.gauss(0, _DAILY_DEVIATION * wild)
        if limit and chance.random() < _LIMIT_DAY_CHANCE:
            move = math.copysign(1.0, move)
        close = within(previous * math.exp(move))
        opening = within(previous * math.exp(math.log(close / previous) * 0.3 + chance.gauss(0, _GAP_DEVIATION * wild)))
        high = within(max(opening, close) * math.exp(abs(chance.gauss(0, _WICK_DEVIATION * wild))))
        low = within(min(opening, close) * math.exp(-abs(chance.gauss(0, _WICK_DEVIATION * wild))))
        busy = chance.lognormvariate(-0.1, 0.3) * (1 + 10 * abs(math.log(close / previous)))
        if chance.random() < _SURGE_CHANCE:
            busy *= 2.2
        volume = max(int(share.usual_volume * busy) // _LOT, 1) * _LOT
        amount = round(volume * (opening + high + low + close) / 4 * _cny_per_point(share), 2)
        midnight = datetime.combine(day, time(), SHANGHAI)
        return Bar(midnight, opening, high, low, close, volume, amount)


def _path(bar: Bar, progress: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return prices that wander from the open to the close and touch the high and the low."""
    walk = np.cumsum(generator.standard_normal(len(progress))) / math.sqrt(len(progress))
    bridge = walk - progress * walk[-1]
    prices: NDArray[np.float64] = np.exp(
        np.log(bar.open) + progress * np.log(bar.close / bar.open) + _INTRADAY_DEVIATION * bridge
    )
    prices = np.clip(prices, bar.low, bar.high)
    inner = prices[1:-1]
    inner[inner.argmax()], inner[inner.argmin()] = bar.high, bar.low
    prices[0], prices[-1] = bar.open, bar.close
    return prices


def _volumes(total: int, progress: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int32]:
    """Return whole shares of each trade, most of them early and late, that add up to ``total``."""
    weights = (1 + 2.5 * (2 * progress - 1) ** 2) * generator.gamma(1.5, size=len(progress))
    until = np.rint(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
    until[-1] = total
    shares: NDArray[np.int32] = np.diff(until, prepend=0).astype(np.int32)
    return shares


def _price(ticks: np.integer, tick: Decimal) -> float:
    return float(int(ticks) * tick)


def _cny_per_point(instrument: Instrument) -> float:
    """Return what a share costs for each point of the price: an index stands for shares that cost far less."""
    return _INDEX_SHARE_PRICE / instrument.base_price if instrument.kind is Kind.INDEX else 1.0
