"""What a price source is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from server.domain.quotes import Quote


class PriceSource(Protocol):
    """Where quotes come from: a simulation, an HTTP endpoint, a stream that a feeder writes, posted quotes."""

    @property
    def name(self) -> str:
        """The name by which settings choose it."""

    async def fetch(self) -> Sequence[Quote]:
        """Return the present quote of every instrument the source has one for; an unchanged one compares equal.

        Raises:
            OSError: the source cannot be reached or answers nonsense; the next fetch may succeed.
        """

    async def close(self) -> None:
        """Let go of connections; fetch is not called again."""
