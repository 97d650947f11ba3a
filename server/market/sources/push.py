"""Quotes that somebody posts: there is nothing to fetch from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.clock import Clock
from server.domain.quotes import Quote
from server.market.sources.base import Freshness

STALE_AFTER = 180.0


class PushSource:
    """The newest quote of everything that was posted since the start."""

    name = "push"

    def __init__(self, clock: Clock, stale_after: float = STALE_AFTER) -> None:
        self._quotes: dict[str, Quote] = {}
        self._freshness = Freshness(clock, stale_after)

    @property
    def stale(self) -> bool:
        return self._freshness.stale

    def post(self, quotes: Iterable[Quote]) -> None:
        """Keep ``quotes``; one that is older than the last of its instrument is left out."""
        for quote in quotes:
            last = self._quotes.get(quote.symbol)
            if last is None or last.timestamp <= quote.timestamp:
                self._quotes[quote.symbol] = quote
                self._freshness.renew()

    async def fetch(self) -> Sequence[Quote]:
        return self._freshness.marked(list(self._quotes.values()))

    async def close(self) -> None:
        """Hold nothing, so let go of nothing."""
