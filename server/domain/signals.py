"""What a strategy has to say about one share on one day."""

from __future__ import annotations

from datetime import date

import msgspec


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's finding; ``score`` is 0 to 100, the strongest is the highest.

    ``reason`` is the default language's sentence; ``reason_key`` and ``reason_values`` make it in any other.
    """

    code: str
    symbol: str
    name: str
    signal: str
    score: float
    reason: str
    reason_key: str
    reason_values: dict[str, float]
    price: float
    day: date
