"""Daily bars for tests that need no database."""

from __future__ import annotations

from collections.abc import Sequence

from server.clock import Clock
from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI
from server.market.instruments import INSTRUMENTS
from server.market.sources.simulated import SimulatedSource
from server.services.analysis_task import DailyBars


def simulated_bars(clock: Clock) -> DailyBars:
    """Return what tells the simulated market's last days that are over, the oldest first."""
    market = SimulatedSource(INSTRUMENTS, clock, seed=1).market

    async def daily_bars(symbol: str, count: int) -> Sequence[Bar]:
        return market.daily_bars(symbol, clock.now().astimezone(SHANGHAI).date(), count)

    return daily_bars
