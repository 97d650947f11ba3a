"""A simulated market that tests share, and its daily bars for those that need no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

from server.clock import Clock
from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI
from server.market.calendar import AroundTheClock
from server.market.instruments import INSTRUMENTS
from server.market.simulation import SimulatedMarket
from server.services.analysis_task import DailyBars


@cache
def shared_market(seed: int, _today: date) -> SimulatedMarket:
    """Return the market of a seed: making its days takes a third of a second, once for all tests of a day."""
    return SimulatedMarket(INSTRUMENTS, AroundTheClock(), seed)


def simulated_bars(clock: Clock) -> DailyBars:
    """Return what tells the simulated market's last days that are over, the oldest first."""

    async def daily_bars(symbol: str, count: int) -> Sequence[Bar]:
        today = clock.now().astimezone(SHANGHAI).date()
        return shared_market(1, today).daily_bars(symbol, today, count)

    return daily_bars
