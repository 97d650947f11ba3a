"""Bars made from quotes as they come, stored in batches, never while clients wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.domain.bars import Bar, Period
from server.domain.quotes import Quote
from server.errors import RequestError
from server.market.bars import MinuteBars, daily_bar
from server.storage.bars import BarRepository

FLUSH_SECONDS = 15.0
MOST_WAITING = 200_000
"""Minutes that are kept while the database is away; then the oldest go."""

BATCH = 1000

logger = logging.getLogger(__name__)

_Key = tuple[str, datetime]


class BarService:
    """The day so far and the minutes of every instrument."""

    def __init__(self, bars: BarRepository, clock: Clock, minute_retention: timedelta) -> None:
        self._bars = bars
        self._clock = clock
        self._minute_retention = minute_retention
        self._making: dict[str, MinuteBars] = {}
        self._waiting: dict[Period, dict[_Key, Bar]] = {period: {} for period in Period}
        """What is not stored yet, the oldest first."""
        self._last_days: dict[str, Bar] = {}
        self._one_flush_at_a_time = asyncio.Lock()
        self._timer = PeriodicCallback(self.flush, FLUSH_SECONDS * 1000)

    def start(self) -> None:
        """Store what comes now and then."""
        self._timer.start()

    async def stop(self) -> None:
        """Store all there is, minutes under way too: what follows after a restart is merged with them."""
        self._timer.stop()
        await self.settle()

    def go_on_after(self, quotes: Iterable[Quote]) -> None:
        """Count what follows these quotes, whose bars were made before a restart."""
        for quote in quotes:
            self._making.setdefault(quote.symbol, MinuteBars()).count_from(quote)

    def take(self, quotes: Sequence[Quote]) -> None:
        """Go on with the bars of these instruments."""
        minutes, days = self._waiting[Period.MINUTE], self._waiting[Period.DAY]
        for quote in quotes:
            ended = self._making.setdefault(quote.symbol, MinuteBars()).add(quote)
            if ended is not None:
                minutes[quote.symbol, ended.time] = ended
            day = daily_bar(quote)
            if day is not None:
                days[quote.symbol, day.time] = self._last_days[quote.symbol] = day
        while len(minutes) > MOST_WAITING:
            del minutes[next(iter(minutes))]

    async def settle(self) -> None:
        """Store everything: the day is over."""
        for symbol, making in self._making.items():
            ended = making.finish()
            if ended is not None:
                self._waiting[Period.MINUTE][symbol, ended.time] = ended
        await self.flush()

    async def flush(self) -> None:
        """Store what waits; what cannot be stored now waits on."""
        async with self._one_flush_at_a_time:
            try:
                for period, waiting in self._waiting.items():
                    await self._store(period, waiting)
            except RequestError as error:
                logger.warning("bars wait to be stored: %s", error)

    async def _store(self, period: Period, waiting: dict[_Key, Bar]) -> None:
        while batch := dict(islice(waiting.items(), BATCH)):
            bars = [(symbol, bar) for (symbol, _), bar in batch.items()]
            if period is Period.MINUTE:
                await self._bars.merge_minutes(bars, self._clock.now() + self._minute_retention)
            else:
                await self._bars.replace(period, bars)
            for key, bar in batch.items():
                if waiting.get(key) is bar:  # else a newer one came meanwhile
                    del waiting[key]

    @property
    def is_stored(self) -> bool:
        """Whether every bar that has ended is stored."""
        return not any(self._waiting.values())

    async def newest(self, symbol: str, period: Period, limit: int) -> list[Bar]:
        """Return the last bars, the oldest first and the one under way last."""
        bars = {bar.time: bar for bar in await self._bars.newest(symbol, period, limit)}
        for bar in self._not_stored(symbol, period):
            bars[bar.time] = bar
        return [bars[time] for time in sorted(bars)][-limit:]

    def _not_stored(self, symbol: str, period: Period) -> Iterable[Bar]:
        if period is Period.DAY:
            day = self._last_days.get(symbol)
            return () if day is None else (day,)
        waiting = [bar for (whose, _), bar in self._waiting[period].items() if whose == symbol]
        making = self._making.get(symbol)
        return waiting if making is None or making.current is None else [*waiting, making.current]
