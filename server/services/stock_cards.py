"""Stocks that are shared in a chat."""

from __future__ import annotations

from collections.abc import Callable

from server.domain.messages import StockCard
from server.domain.quotes import Quote, shanghai_time
from server.errors import ErrorCode, RequestError
from server.market.instruments import InstrumentTable
from server.market.quotes import change_percent

QuoteOf = Callable[[str], Quote | None]
"""Returns the newest quote of a symbol, if there is one."""

_ECHO_CHARACTERS = 40


class StockCards:
    """Makes cards that keep the price of the moment in which a stock was shared."""

    def __init__(self, instruments: InstrumentTable, quote_of: QuoteOf) -> None:
        self._instruments = instruments
        self._quote_of = quote_of

    def card(self, name: str) -> StockCard:
        """Return the card of a share by its six digits, or of a share or index by its symbol.

        Raises RequestError (invalid_input) when there is none; the detail says what is allowed.
        """
        instrument = self._instruments.find(name.strip().upper())
        if instrument is None:
            raise RequestError(
                ErrorCode.INVALID_INPUT,
                f"unknown stock {name[:_ECHO_CHARACTERS]!r}; content of a message of type stock is the six-digit code"
                " of a listed share, such as 600519, or a symbol, such as 600519.SH or 000001.SH",
            )
        quote = self._quote_of(instrument.symbol)
        if quote is None:
            return StockCard(instrument.code, instrument.symbol, instrument.name)
        return StockCard(
            instrument.code,
            instrument.symbol,
            instrument.name,
            price=quote.price,
            change_percent=change_percent(quote),
            at=shanghai_time(quote.timestamp),
        )
