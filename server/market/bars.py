"""Bars from quotes, and bars as the arrays that indicators want."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI, Quote


class BarArrays(NamedTuple):
    """Bars, the oldest first, one array for each field."""

    days: tuple[date, ...]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> BarArrays:
        rows = np.array([(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars], dtype=np.float64)
        columns = rows.reshape(len(bars), 5).T
        return cls(tuple(bar.time.date() for bar in bars), *columns)


def daily_bar(quote: Quote) -> Bar | None:
    """Return the day so far; None where nothing has traded."""
    if quote.suspended or not quote.volume:
        return None
    day = quote.timestamp.astimezone(SHANGHAI).date()
    return Bar(
        time=datetime.combine(day, time(), SHANGHAI),
        open=quote.open or quote.price,
        high=max(quote.high, quote.price),
        low=min(quote.low or quote.price, quote.price),
        close=quote.price,
        volume=quote.volume,
        amount=quote.amount,
    )


class MinuteBars:
    """The minute bars of one instrument, made from its quotes as they come.

    Quotes carry the day's volume so far, so a minute's is the difference; what traded while no quote came counts
    for the minute of the next. The first quote of all tells only where the count begins, since nobody saw when its
    volume traded; a later day begins at nothing. A count that falls back on the same day begins anew there.
    """

    def __init__(self) -> None:
        self._last: Quote | None = None
        self.current: Bar | None = None
        """The minute under way."""

    def count_from(self, quote: Quote) -> None:
        """Let the count go on where it was at ``quote``, of which a bar has been made."""
        if not quote.suspended:
            self._last = quote

    def add(self, quote: Quote) -> Bar | None:
        """Take a quote; return the bar that it ends. An older quote than the last, or the same again, is left out."""
        last = self._last
        if quote.suspended or (last is not None and (quote.timestamp < last.timestamp or quote == last)):
            return None
        self._last = quote
        volume, amount = _traded_since(last, quote)
        if not volume and last is not None and quote.price == last.price:
            return None
        minute = quote.timestamp.astimezone(SHANGHAI).replace(second=0, microsecond=0)
        current, price = self.current, quote.price
        if current is None or current.time != minute:
            self.current = Bar(minute, price, price, price, price, volume, amount)
            return current
        self.current = msgspec.structs.replace(
            current,
            high=max(current.high, price),
            low=min(current.low, price),
            close=price,
            volume=current.volume + volume,
            amount=round(current.amount + amount, 2),
        )
        return None

    def finish(self) -> Bar | None:
        """Return the minute under way as ended: the day is over."""
        ended, self.current = self.current, None
        return ended


def minute_bars(quotes: Iterable[Quote]) -> Iterator[Bar]:
    """Yield the minute bars of one instrument's quotes."""
    bars = MinuteBars()
    for quote in quotes:
        ended = bars.add(quote)
        if ended is not None:
            yield ended
    last = bars.finish()
    if last is not None:
        yield last


def _traded_since(last: Quote | None, quote: Quote) -> tuple[int, float]:
    """Return the shares and the CNY that traded between two quotes."""
    if last is None:
        return 0, 0.0
    if last.timestamp.astimezone(SHANGHAI).date() != quote.timestamp.astimezone(SHANGHAI).date():
        return quote.volume, quote.amount
    return max(quote.volume - last.volume, 0), round(max(quote.amount - last.amount, 0.0), 2)
