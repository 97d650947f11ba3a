"""What happened to one instrument in one minute or one day."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec


class Period(Enum):
    """How long a bar is."""

    DAY = "1d"
    MINUTE = "1m"


class Bar(msgspec.Struct, frozen=True):
    """The trades of one period: prices on the tick, ``volume`` in shares, ``amount`` in CNY.

    ``time`` is when the period begins, in the exchanges' time: the minute, or midnight for a day.
    """

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    amount: float
