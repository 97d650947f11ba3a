"""From a quote endpoint's record to a quote: the rules that are the same whatever the layout."""

from __future__ import annotations

import unicodedata
from datetime import datetime, time

import msgspec

from server.domain.quotes import Quote
from server.market.instruments import daily_limit_percent, kind_of, tick_of
from server.market.quotes import price_limits, round_to_tick

_NAME_CHARACTERS = 32
_HIGHEST = 1e15
_OPEN = time(9, 30)


class Record(msgspec.Struct, kw_only=True):
    """One line of an answer, its fields named and in shares and CNY; 0.0 stands for no value."""

    symbol: str
    name: str
    price: float
    previous_close: float
    open: float
    high: float
    low: float
    volume: int
    amount: float
    best_bid: float
    best_ask: float
    time: datetime
    limit_up: float = 0.0
    limit_down: float = 0.0


def number(text: str) -> float:
    """Return a field's value; 0.0 for an empty one, for ``-``, and for what no price or volume can be."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value <= _HIGHEST else 0.0


def quote_of(record: Record) -> Quote | None:
    """Return the quote; None for a record without any price."""
    kind, name = kind_of(record.symbol), _clean_name(record.name)
    tick = tick_of(kind)
    traded_at = record.price or record.previous_close  # nothing has traded before the auction or in a suspension
    if not traded_at or not name:
        return None
    price, close = round_to_tick(traded_at, tick), round_to_tick(record.previous_close or traded_at, tick)
    if not price:
        return None
    limit = daily_limit_percent(record.symbol, name)
    down, up = (None, None) if limit is None else price_limits(close, limit, tick)
    if limit is not None and record.limit_down and record.limit_up:  # the exchange's own: first days have others
        down, up = round_to_tick(record.limit_down, tick), round_to_tick(record.limit_up, tick)
    return Quote(
        symbol=record.symbol,
        name=name,
        price=price,
        previous_close=close,
        open=round_to_tick(record.open or price, tick),
        high=round_to_tick(record.high or price, tick),
        low=round_to_tick(record.low or price, tick),
        volume=record.volume,
        amount=record.amount,
        timestamp=record.time,
        limit_up=up,
        limit_down=down,
        suspended=_is_suspended(record),
    )


def _is_suspended(record: Record) -> bool:
    """Tell a suspension from the time before the auction, whose zeros look the same, by the clock."""
    silent = not (record.open or record.volume or record.best_bid or record.best_ask)
    return silent and record.time.time() >= _OPEN


def _clean_name(name: str) -> str:
    """Return a name as people write it: full-width letters made narrow, padding and what cannot be shown left out."""
    shown = (sign for sign in unicodedata.normalize("NFKC", name) if sign.isprintable() and not sign.isspace())
    return "".join(shown)[:_NAME_CHARACTERS]
