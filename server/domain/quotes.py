"""The price of one instrument at one moment."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The newest price of a share or an index.

    Prices are CNY (points for an index) on the instrument's tick; ``volume`` is the day's, in shares;
    ``timestamp`` is the moment of the last trade. Change and percent follow from ``previous_close``.
    """

    symbol: str
    name: str
    price: float
    previous_close: float
    volume: int
    timestamp: datetime

    @property
    def code(self) -> str:
        """Return the six digits of the symbol, which name a share but not an index."""
        return self.symbol.partition(".")[0]
