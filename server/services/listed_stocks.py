"""The stocks that a user may name, and how answers show them."""

from __future__ import annotations

from typing import Any

from server.errors import ErrorCode, RequestError
from server.market.instruments import Instrument, InstrumentTable
from server.services.stock_cards import QuoteOf

_ECHO_CHARACTERS = 40


class ListedStocks:
    """Every listed instrument with its present quote."""

    def __init__(self, instruments: InstrumentTable, quote_of: QuoteOf) -> None:
        self._instruments = instruments
        self.quote_of = quote_of

    def named(self, name: str) -> Instrument:
        """Return the share of a six-digit code, or the instrument of a symbol; RequestError (invalid_input)."""
        instrument = self._instruments.find(name.strip().upper())
        if instrument is None:
            raise RequestError(
                ErrorCode.INVALID_INPUT,
                f"unknown stock {name[:_ECHO_CHARACTERS]!r}; allowed are the six-digit code of a listed share, such as"
                " 600519, and a symbol, such as 600519.SH or 000001.SH",
            )
        return instrument

    def symbol(self, name: str) -> str:
        """Return the symbol a stored stock is found by: one that is listed no longer is named by its symbol alone."""
        name = name.strip().upper()
        instrument = self._instruments.find(name)
        return instrument.symbol if instrument else name

    def shown(self, symbol: str) -> dict[str, Any]:
        """Return ``{code, symbol, name}``; one that is listed no longer is named by its code."""
        code = symbol.partition(".")[0]
        instrument = self._instruments.find(symbol)
        return {"code": code, "symbol": symbol, "name": instrument.name if instrument else code}
