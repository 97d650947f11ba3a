"""The days of a simulated market: each instrument wanders from its base price, one day after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI
from server.market.instruments import Instrument, Kind

FIRST_DAY = date(2024, 7, 1)
INDEX_SHARE_PRICE = 18.0
"""CNY of an average share: an index's amount is that of the shares it stands for."""

_DAY = timedelta(days=1)
_DEVIATION = 0.018
_PULL_TO_BASE = 0.02  # keeps years of wandering near the base price
_GAP_DEVIATION = 0.005
_WICK_DEVIATION = 0.008
_INDEX_SHARE = 0.3  # an index averages its shares' moves
_RARE = 2.58  # one day in a hundred ends at a limit
_SURGE = 1.28  # one in ten is loud
_LOT = 100
_NO_LIMIT = 2**40
_DRAWS = 7
_CHUNK_DAYS = 1024

Ticks = NDArray[np.int64]
DoesTrade = Callable[[Instrument, date], bool]


class _Day(NamedTuple):
    """One day of every instrument, prices in ticks."""

    trades: NDArray[np.bool_]
    previous: Ticks
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Ticks


class SimulatedDays:
    """Every day since ``FIRST_DAY``, made when it is asked for; the same seed makes the same days."""

    def __init__(self, instruments: Sequence[Instrument], seed: int, does_trade: DoesTrade) -> None:
        self._instruments = tuple(instruments)
        self._seed = seed
        self._does_trade = does_trade
        self._days: list[_Day] = []
        self._draws = np.empty((0, len(self._instruments), _DRAWS))
        self._per_point = [round(1 / one.tick) for one in self._instruments]
        bases = [round(one.base_price * per) for one, per in zip(self._instruments, self._per_point, strict=True)]
        self._bases = np.array(bases, dtype=np.int64)
        self._usual = np.array([one.usual_volume for one in self._instruments], dtype=np.float64)
        self._wild = np.array([_INDEX_SHARE if one.kind is Kind.INDEX else 1.0 for one in self._instruments])
        self._limits = np.array([one.daily_limit_percent or 0 for one in self._instruments], dtype=np.int64)

    def bar(self, number: int, day: date) -> Bar | None:
        """Return the day of instrument ``number``; None without trades."""
        made = self._day(day)
        if not made.trades[number]:
            return None
        per_point, share = self._per_point[number], self._instruments[number]
        opening, high, low, close = (int(column[number]) / per_point for column in made[2:6])
        volume = int(made.volume[number])
        amount = round(volume * (opening + high + low + close) / 4 * cny_per_point(share), 2)
        return Bar(datetime.combine(day, time(), SHANGHAI), opening, high, low, close, volume, amount)

    def close_before(self, number: int, day: date) -> float:
        """Return the close of the last day with trades before ``day``."""
        return int(self._day(day).previous[number]) / self._per_point[number]

    def _day(self, day: date) -> _Day:
        index = (day - FIRST_DAY).days
        while len(self._days) <= index:
            self._days.append(self._next(len(self._days)))
        return self._days[index]

    def _next(self, index: int) -> _Day:
        if index:
            before = self._days[-1]
            previous = np.where(before.trades, before.close, before.previous)
        else:
            previous = self._bases
        day = FIRST_DAY + index * _DAY
        trades = np.array([self._does_trade(one, day) for one in self._instruments], dtype=np.bool_)
        return _Day(trades, previous, *self._moves(previous, self._drawn(index)))

    def _moves(self, previous: Ticks, drawn: NDArray[np.float64]) -> tuple[Ticks, Ticks, Ticks, Ticks, Ticks]:
        """Return open, high, low, close and volume of the day after ``previous``."""
        limited = self._limits > 0
        lowest = np.maximum((previous * (100 - self._limits) + 50) // 100, 1)
        highest = np.where(limited, (previous * (100 + self._limits) + 50) // 100, _NO_LIMIT)
        lowest = np.where(limited, lowest, 1)

        def within(prices: NDArray[np.float64]) -> Ticks:
            return np.clip(np.rint(prices).astype(np.int64), lowest, highest)

        to_close, gap, up, down, busy, rare, loud = drawn.T
        move = _PULL_TO_BASE * np.log(self._bases / previous) + _DEVIATION * self._wild * to_close
        move = np.where(limited & (np.abs(rare) > _RARE), np.copysign(1.0, move), move)
        close = within(previous * np.exp(move))
        change = np.log(close / previous)
        opening = within(previous * np.exp(0.3 * change + _GAP_DEVIATION * self._wild * gap))
        wick = _WICK_DEVIATION * self._wild
        high = within(np.maximum(opening, close) * np.exp(wick * np.abs(up)))
        low = within(np.minimum(opening, close) * np.exp(-wick * np.abs(down)))
        traded = self._usual * np.exp(0.3 * busy - 0.4) * (1 + 30 * np.abs(change)) * np.where(loud > _SURGE, 2.2, 1.0)
        return opening, high, low, close, np.maximum(traded.astype(np.int64) // _LOT, 1) * _LOT

    def _drawn(self, index: int) -> NDArray[np.float64]:
        """Return the day's chance; an instrument's does not depend on which others there are."""
        while index >= len(self._draws):
            chunk = len(self._draws) // _CHUNK_DAYS
            seeds = ([self._seed, crc32(one.symbol.encode()), chunk] for one in self._instruments)
            new = [np.random.default_rng(seed).standard_normal((_CHUNK_DAYS, _DRAWS)) for seed in seeds]
            self._draws = np.concatenate([self._draws, np.stack(new, axis=1)])
        drawn: NDArray[np.float64] = self._draws[index]
        return drawn


def cny_per_point(instrument: Instrument) -> float:
    """Return what a share costs for each point of the price."""
    return INDEX_SHARE_PRICE / instrument.base_price if instrument.kind is Kind.INDEX else 1.0
