"""The instruments as people look them up."""

from __future__ import annotations

from typing import Any

from server.errors import ErrorCode, RequestError
from server.market.instruments import Instrument, InstrumentTable, Kind
from server.market.quotes import whole_quote_json
from server.services.stock_cards import QuoteOf

MAX_FOUND = 50
MAX_QUERY_CHARACTERS = 32
_ECHO_CHARACTERS = 40


class StockService:
    """Finds by code, symbol or name, and shows with the present quote."""

    def __init__(self, instruments: InstrumentTable, quote_of: QuoteOf) -> None:
        self._instruments = instruments
        self.quote_of = quote_of

    def find(self, code: str) -> Instrument:
        """Return what a six-digit code or a symbol names; RequestError (not_found) when it names nothing."""
        instrument = self._instruments.find(code)
        if instrument is None:
            raise RequestError(ErrorCode.NOT_FOUND, f"there is no stock {code[:_ECHO_CHARACTERS]!r}")
        return instrument

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

    def label(self, symbol: str) -> dict[str, Any]:
        """Return ``{code, symbol, name}``; one that is listed no longer is named by its code."""
        code = symbol.partition(".")[0]
        instrument = self._instruments.find(symbol)
        return {"code": code, "symbol": symbol, "name": instrument.name if instrument else code}

    def show(self, code: str) -> dict[str, Any]:
        """Return an instrument with its present quote; null when there is none yet."""
        instrument = self.find(code)
        quote = self.quote_of(instrument.symbol)
        return {**_shown(instrument), "quote": None if quote is None else whole_quote_json(quote)}

    def search(self, query: str, limit: int) -> list[dict[str, Any]]:
        """Return those in whose code, symbol or name this is, those that begin so first, then shares."""
        sought = query.strip().casefold()[:MAX_QUERY_CHARACTERS]
        found = [
            (min(at for at in places if at >= 0), one.kind is not Kind.SHARE, one)
            for one in self._instruments
            if max(places := [text.casefold().find(sought) for text in (one.symbol, one.name)]) >= 0
        ]
        found.sort(key=lambda row: (row[0] > 0, row[1]))
        return [_shown(one) for *_, one in found[: min(limit, MAX_FOUND)]]


def _shown(instrument: Instrument) -> dict[str, Any]:
    return {
        "code": instrument.code,
        "symbol": instrument.symbol,
        "name": instrument.name,
        "market": instrument.market.value,
        "kind": instrument.kind.value,
    }
