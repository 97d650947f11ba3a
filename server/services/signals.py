"""The signals of every strategy: found after the close and at the start, stored, and shown as price targets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Raw

from server.clock import Clock
from server.domain.bars import Bar, Period
from server.domain.signals import Signal
from server.market.bars import BarArrays
from server.market.days import DayEnds
from server.market.instruments import Instrument, InstrumentTable, Kind
from server.market.strategies import Strategy, signals_of
from server.services.prices import PriceService
from server.storage.bars import BarRepository
from server.storage.signals import SignalRepository

LOOKBACK_BARS = 250
MAX_SIGNALS = 500
"""The most that is given, and that stand for a strategy as a target."""

PRESENT_DAYS = 10
"""Of so many trading days the last counts about which a strategy has something to say."""

logger = logging.getLogger(__name__)

Histories = Sequence[tuple[Instrument, Sequence[Bar]]]


class DaySignals(NamedTuple):
    """What a strategy says, and about which day; no day before there are bars."""

    strategy: str
    day: date | None
    signals: Sequence[Signal]
    written: dict[str, Sequence[Raw]]
    """The signals as clients are shown them, by language: whoever shows them first writes them."""


class SignalService:
    """Finds and stores signals, and holds those that clients are shown."""

    def __init__(
        self,
        signals: SignalRepository,
        bars: BarRepository,
        prices: PriceService,
        clock: Clock,
        *,
        instruments: InstrumentTable,
        strategies: Mapping[str, Strategy],
        day_ends: DayEnds,
    ) -> None:
        self.strategies = strategies
        self._signals = signals
        self._bars = bars
        self._prices = prices
        self._clock = clock
        self._shares = [one for one in instruments if one.kind is Kind.SHARE]
        self._day_ends = day_ends
        self._days: dict[str, date] = {}
        self._present = {name: DaySignals(name, None, (), {}) for name in strategies}

    async def start(self) -> None:
        """Show what is stored, then find what the last settled day says."""
        for name in self.strategies:
            day = await self._signals.last_day(name)
            if day is not None:
                self._days[name] = day
        await self._show()
        await self.recompute()

    async def recompute(self) -> None:
        """Look at the last settled day, and where a strategy has nothing to say at the days before; off the event loop.

        Doing it again changes nothing.
        """
        until = self._day_ends.last_settled(self._clock.now())
        histories = [
            (share, await self._bars.newest(share.symbol, Period.DAY, LOOKBACK_BARS, until)) for share in self._shares
        ]
        days = sorted({bar.time.date() for _, bars in histories for bar in bars}, reverse=True)[:PRESENT_DAYS]
        silent = dict(self.strategies)
        for day in days:
            found = await asyncio.to_thread(find_signals, silent, histories, day)
            for name, signals in found.items():
                await self._signals.store(name, day, signals[:MAX_SIGNALS])
                if signals or day == days[0]:
                    self._days[name] = day
                if signals:
                    del silent[name]
        await self._show()
        told = (f"{name} {self.count(name)} of {day}" for name, day in self._days.items())
        logger.debug("signals: %s", ", ".join(told))

    def present(self, strategy: str) -> DaySignals:
        """Return the signals of a strategy, the strongest first; RequestError (invalid_input) for an unknown one."""
        self._prices.targets.strategy(strategy)
        return self._present[strategy]

    def count(self, strategy: str) -> int:
        """Return how many signals a strategy has now."""
        return len(self._present[strategy].signals)

    async def _show(self) -> None:
        for name, day in self._days.items():
            self._present[name] = DaySignals(name, day, await self._signals.of_day(name, day, MAX_SIGNALS), {})
        await self._prices.show_signals(
            {name: [one.symbol for one in found.signals] for name, found in self._present.items()}
        )


def find_signals(strategies: Mapping[str, Strategy], histories: Histories, day: date) -> dict[str, list[Signal]]:
    """Return what each strategy says about ``day``; a share that did not trade then has no say."""
    until = ((share, [bar for bar in bars if bar.time.date() <= day]) for share, bars in histories)
    traded = [(share, BarArrays.of(bars)) for share, bars in until if bars and bars[-1].time.date() == day]
    return {name: signals_of(strategy, traded) for name, strategy in strategies.items()}
