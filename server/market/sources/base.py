"""What a price source is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from server.clock import Clock
from server.domain.quotes import Quote


class SourceError(OSError):
    """A source cannot be reached or answers nonsense; the text says which and what, without the answer itself."""


class PriceSource(Protocol):
    """Where quotes come from: a simulation, an HTTP endpoint, a stream that a feeder writes, posted quotes."""

    @property
    def name(self) -> str:
        """The name by which settings choose it."""

    @property
    def stale(self) -> bool:
        """Whether the last good answer is too old to trust; /health shows it."""

    async def fetch(self) -> Sequence[Quote]:
        """Return the present quote of every instrument the source has one for; an unchanged one compares equal.

        Raises:
            OSError: the source cannot be reached or answers nonsense; the next fetch may succeed.
        """

    async def close(self) -> None:
        """Let go of connections; fetch is not called again."""


class Freshness:
    """How long ago something good came; before the first time it is stale."""

    def __init__(self, clock: Clock, stale_after: float) -> None:
        self._clock = clock
        self._stale_after = stale_after
        self._good_at: float | None = None

    def renew(self) -> None:
        self._good_at = self._clock.monotonic()

    @property
    def stale(self) -> bool:
        return self._good_at is None or self._clock.monotonic() - self._good_at > self._stale_after

    def marked(self, quotes: Sequence[Quote]) -> Sequence[Quote]:
        """Return ``quotes``, as stale ones where they are."""
        if not self.stale:
            return quotes
        return [msgspec.structs.replace(quote, stale=True) for quote in quotes]
