"""Several sources as one: when one fails, the next answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from server.clock import Clock
from server.domain.quotes import Quote
from server.market.sources.base import Freshness, PriceSource, SourceError

STALE_AFTER = 180.0

logger = logging.getLogger(__name__)


class Fallback:
    """Ask the sources in order, each time the first one first, so that it is used again as soon as it answers.

    A source's own back-off makes asking one that failed cost nothing. When none answers, the last quotes are
    repeated, as stale ones once they are too old; without any there is an error.
    """

    def __init__(self, sources: Sequence[PriceSource], clock: Clock, stale_after: float = STALE_AFTER) -> None:
        self._sources = tuple(sources)
        self._freshness = Freshness(clock, stale_after)
        self._last: Sequence[Quote] = ()
        self._answering = self._sources[0].name

    @property
    def name(self) -> str:
        """The source that is asked first."""
        return self._sources[0].name

    @property
    def answering(self) -> str:
        """The source whose answer was the last."""
        return self._answering

    @property
    def stale(self) -> bool:
        return self._freshness.stale

    async def fetch(self) -> Sequence[Quote]:
        errors = []
        for source in self._sources:
            try:
                quotes = await source.fetch()
            except OSError as error:
                errors.append(str(error))
                continue
            self._answered(source, quotes)
            return quotes
        if not self._last:
            raise SourceError("; ".join(errors))
        logger.warning("no price source answers, the last quotes are repeated: %s", "; ".join(errors))
        return self._freshness.marked(self._last)

    async def close(self) -> None:
        for source in self._sources:
            await source.close()

    def _answered(self, source: PriceSource, quotes: Sequence[Quote]) -> None:
        if source.name != self._answering:
            logger.warning("prices now come from %s, no longer from %s", source.name, self._answering)
            self._answering = source.name
        self._last = quotes
        self._freshness.renew()
