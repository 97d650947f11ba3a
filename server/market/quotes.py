"""The arithmetic of quotes: ticks, change, percent, and the JSON object clients get (product section 6)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from server.domain.quotes import Quote, shanghai_time

TICK = Decimal("0.01")
FINE_TICK = Decimal("0.001")
_FINE_PER_YUAN = 1000


def round_to_tick(price: float | Decimal, tick: Decimal = TICK) -> float:
    """Return ``price`` on the tick, halves away from zero as the exchanges do."""
    if isinstance(price, float) and round(price, 3 if tick == FINE_TICK else 2) == price:
        return price + 0.0  # most are on the tick, and Decimal takes its time
    exact = price if isinstance(price, Decimal) else Decimal(repr(price))
    return float(exact.quantize(tick, ROUND_HALF_UP)) + 0.0  # which turns -0.0 into 0.0


def price_limits(previous_close: float, limit_percent: int, tick: Decimal = TICK) -> tuple[float, float]:
    """Return the lowest and the highest price of a day; never below one tick."""
    per_yuan = _FINE_PER_YUAN if tick == FINE_TICK else 100
    close = round(previous_close * per_yuan)
    low, high = (_rounded(close * (100 + percent), 100) for percent in (-limit_percent, limit_percent))
    return max(low, 1) / per_yuan, high / per_yuan


def change(quote: Quote) -> float:
    """Return the distance from the previous close."""
    return (_fine_ticks(quote.price) - _fine_ticks(quote.previous_close)) / _FINE_PER_YUAN


def change_percent(quote: Quote) -> float:
    """Return the distance from the previous close in percent; 0.0 where there was none (a first day)."""
    close = _fine_ticks(quote.previous_close)
    return _rounded((_fine_ticks(quote.price) - close) * 10_000, close) / 100 if close else 0.0


def _fine_ticks(price: float) -> int:
    """Return a price that is on the tick as an integer, which is exact and quick to count with."""
    return round(price * _FINE_PER_YUAN)


def _rounded(numerator: int, denominator: int) -> int:
    """Return the quotient, halves away from zero."""
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def whole_quote_json(quote: Quote, row: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return all that is known of a quote; ``row`` is its `quote_json`, where that is at hand."""
    return {
        **(row or quote_json(quote)),
        "previous_close": quote.previous_close,
        "open": quote.open,
        "high": quote.high,
        "low": quote.low,
        "amount": quote.amount,
        "limit_up": quote.limit_up,
        "limit_down": quote.limit_down,
        "suspended": quote.suspended,
        "stale": quote.stale,
    }


def quote_json(quote: Quote) -> dict[str, Any]:
    """Return the object of one quote in a ``price_update``."""
    return {
        "code": quote.code,
        "symbol": quote.symbol,
        "name": quote.name,
        "price": quote.price,
        "change": change(quote),
        "change_percent": change_percent(quote),
        "volume": quote.volume,
        "timestamp": shanghai_time(quote.timestamp),
    }
