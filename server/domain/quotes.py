"""The price of one instrument at one moment, and the exchanges' time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""A fixed offset, since China has had no summer time since 1991."""


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


def shanghai_time(moment: datetime) -> str:
    """Return ``moment`` as ISO 8601 with ``+08:00``, to the millisecond."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
