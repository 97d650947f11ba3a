"""Quotes of the built-in instruments, as a test wants them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from server.domain.quotes import Quote
from server.market.instruments import INSTRUMENTS

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
"""Where `FakeClock` starts: 10:00 of a trading day."""


def quote(symbol: str, price: float, **more: Any) -> Quote:
    """Return a quote of today; the previous close was 100."""
    instrument = INSTRUMENTS.find(symbol)
    assert instrument is not None
    given: dict[str, Any] = {"previous_close": 100.0, "volume": 1, "timestamp": NOW, **more}
    return Quote(symbol=symbol, name=instrument.name, price=price, **given)
