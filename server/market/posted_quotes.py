"""Quotes that others write as JSON: a feeder's stream entries and the body of a push."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from server.domain.quotes import SHANGHAI, Quote
from server.market.instruments import Instrument, daily_limit_percent, kind_of, tick_of
from server.market.quotes import price_limits, round_to_tick

MAX_QUOTES = 10_000
_HIGHEST = 10_000_000.0
_NAME_CHARACTERS = 32

FindInstrument = Callable[[str], Instrument | None]


class PostedQuote(msgspec.Struct):
    """One object, as a ``price_update`` has it; what a table or another field tells may be left out."""

    price: float
    symbol: str = ""
    code: str = ""
    previous_close: float | None = None
    change: float | None = None
    name: str = ""
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    volume: int = 0
    amount: float = 0.0
    suspended: bool = False
    timestamp: datetime | None = None


_decoder: msgspec.json.Decoder[list[PostedQuote]] = msgspec.json.Decoder(list[PostedQuote])


def read_posted_quotes(data: bytes, now: datetime, find: FindInstrument, at_most: int = MAX_QUOTES) -> Iterator[Quote]:
    """Yield the quotes of a JSON array; ``find`` knows the instruments that may be posted.

    Raises:
        ValueError: the array or one of its objects is wrong; the message says which and how.
    """
    try:
        posted = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"not a JSON array of quotes: {error}") from None
    if len(posted) > at_most:
        raise ValueError(f"got {len(posted)} quotes, at most {at_most} are allowed at once")
    for index, one in enumerate(posted):
        try:
            quote = _quote(one, now, find)
        except ValueError as error:
            raise ValueError(f"quote {index}: {error}") from None
        yield quote


def _quote(posted: PostedQuote, now: datetime, find: FindInstrument) -> Quote:
    called = posted.symbol or posted.code
    instrument = find(called)
    if instrument is None:
        raise ValueError(f"got {called[:40]!r}; code or symbol must be that of a known instrument")
    tick = tick_of(kind_of(instrument.symbol))
    _check(posted, now)
    close = posted.previous_close
    if close is None:
        close = posted.price - (posted.change or 0.0)
    if not 0 < close <= _HIGHEST:
        raise ValueError(f"the previous close would be {close:g}; it must be above 0")
    close = round_to_tick(close, tick)
    name = posted.name[:_NAME_CHARACTERS] or instrument.name
    limit = daily_limit_percent(instrument.symbol, name)
    down, up = (None, None) if limit is None else price_limits(close, limit, tick)
    price = round_to_tick(posted.price, tick)
    return Quote(
        symbol=instrument.symbol,
        name=name,
        price=price,
        previous_close=close,
        open=round_to_tick(posted.open or price, tick),
        high=round_to_tick(posted.high or price, tick),
        low=round_to_tick(posted.low or price, tick),
        volume=posted.volume,
        amount=posted.amount,
        timestamp=(posted.timestamp or now).astimezone(SHANGHAI),
        limit_up=up,
        limit_down=down,
        suspended=posted.suspended,
    )


def _check(posted: PostedQuote, now: datetime) -> None:
    if not 0 < posted.price <= _HIGHEST:
        raise ValueError(f"got the price {posted.price:g}; it must be above 0")
    if not 0 <= posted.volume < 2**53 or posted.amount < 0 or not math.isfinite(posted.amount):
        raise ValueError("volume and amount must be 0 or more")
    if any(not 0 <= price <= _HIGHEST for price in (posted.open, posted.high, posted.low)):
        raise ValueError("open, high and low must be 0 (not known) or more")
    if posted.timestamp is None:
        return
    if posted.timestamp.tzinfo is None:
        raise ValueError("the timestamp must say its offset, as 2026-01-05T10:00:00+08:00 does")
    if (posted.timestamp - now).total_seconds() > 300:
        raise ValueError("the timestamp is more than 5 minutes ahead of this server's clock")
