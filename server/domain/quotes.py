"""The price of one instrument at one moment, and the exchanges' time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""A fixed offset, since China has had no summer time since 1991."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The newest price of a share or an index.

    Prices are CNY (points for an index) on the instrument's tick; ``volume`` (shares) and ``amount`` (CNY) are the
    day's; ``timestamp`` is the moment of the last trade. Change and percent follow from ``previous_close``.
    ``open``, ``high`` and ``low`` are 0.0 where the source has none; an index has no limits. ``suspended`` means
    that nobody may trade today, ``stale`` that the source has been silent for too long to trust the price.
    """

    symbol: str
    name: str
    price: float
    previous_close: float
    volume: int
    timestamp: datetime
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    amount: float = 0.0
    limit_up: float | None = None
    limit_down: float | None = None
    suspended: bool = False
    stale: bool = False

    @property
    def code(self) -> str:
        """Return the six digits of the symbol, which name a share but not an index."""
        return self.symbol.partition(".")[0]


class QuoteView(msgspec.Struct, frozen=True):
    """A quote as clients see it."""

    code: str
    symbol: str
    name: str
    price: float
    change: float
    change_percent: float
    volume: int
    timestamp: str


def shanghai_time(moment: datetime) -> str:
    """Return ``moment`` as ISO 8601 with ``+08:00``, to the millisecond."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
