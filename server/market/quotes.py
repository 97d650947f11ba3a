"""The arithmetic of quotes: ticks, change, percent, and the JSON object clients get (product section 6)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from server.domain.quotes import Quote, shanghai_time

TICK = Decimal("0.01")


def round_to_tick(price: float | Decimal, tick: Decimal = TICK) -> float:
    """Return ``price`` on the tick, halves away from zero as the exchanges do."""
    exact = price if isinstance(price, Decimal) else Decimal(repr(price))
    return float(exact.quantize(tick, ROUND_HALF_UP)) + 0.0  # which turns -0.0 into 0.0


def price_limits(previous_close: float, limit_percent: int, tick: Decimal = TICK) -> tuple[float, float]:
    """Return the lowest and the highest price of a day; never below one tick."""
    close, share = Decimal(repr(previous_close)), Decimal(limit_percent) / 100
    return max(round_to_tick(close * (1 - share), tick), float(tick)), round_to_tick(close * (1 + share), tick)


def change(quote: Quote) -> float:
    """Return the distance from the previous close."""
    return round_to_tick(Decimal(repr(quote.price)) - Decimal(repr(quote.previous_close)))


def change_percent(quote: Quote) -> float:
    """Return the distance from the previous close in percent; 0.0 where there was none (a first day)."""
    if not quote.previous_close:
        return 0.0
    close = Decimal(repr(quote.previous_close))
    return round_to_tick((Decimal(repr(quote.price)) - close) / close * 100)


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
