"""A simulated market in place of a real one, for development and tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.clock import Clock
from server.domain.quotes import Quote
from server.market.calendar import AroundTheClock, TradingTime
from server.market.instruments import Instrument
from server.market.simulation import SimulatedMarket


class SimulatedSource:
    """What the simulated market would say now; the same seed and time give the same quotes, even after a restart.

    Making a market takes a while; one that is there already can be given as ``market``.
    """

    name = "simulated"
    stale = False

    def __init__(
        self,
        instruments: Iterable[Instrument],
        clock: Clock,
        seed: int = 0,
        trading: TradingTime | None = None,
        market: SimulatedMarket | None = None,
    ) -> None:
        self.market = market or SimulatedMarket(instruments, trading or AroundTheClock(), seed)
        self._clock = clock
        self._quotes()  # makes all days until now, which takes a while: better here than while clients wait

    async def fetch(self) -> Sequence[Quote]:
        return self._quotes()

    async def close(self) -> None:
        """Hold nothing, so let go of nothing."""

    def _quotes(self) -> list[Quote]:
        now = self._clock.now()
        return [self.market.quote(instrument, now) for instrument in self.market.instruments]
