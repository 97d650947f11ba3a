"""Simulated bars for a first look."""

from __future__ import annotations

from server.clock import Clock
from server.domain.bars import Bar, Period
from server.domain.quotes import SHANGHAI
from server.market.simulation import SimulatedMarket
from server.storage.bars import BarRepository

DAYS = 250


async def fill_bars(bars: BarRepository, market: SimulatedMarket, clock: Clock) -> None:
    """Let the simulated days before today have bars; one on which the server was stopped is made whole."""
    today = clock.now().astimezone(SHANGHAI).date()
    missing: list[tuple[str, Bar]] = []
    unsure: list[tuple[str, Bar]] = []
    for instrument in market.instruments:
        stored = await bars.newest(instrument.symbol, Period.DAY, 1)
        for bar in market.daily_bars(instrument.symbol, today, DAYS):
            if not stored or bar.time > stored[0].time:
                missing.append((instrument.symbol, bar))
            elif bar.time == stored[0].time:
                unsure.append((instrument.symbol, bar))
    if missing:
        await bars.add_missing(Period.DAY, missing)
    if unsure:
        await bars.replace(Period.DAY, unsure)
