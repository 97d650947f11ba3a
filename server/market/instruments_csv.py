"""Instruments from a CSV file, beside the built-in table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping

from server.market.instruments import INSTRUMENTS, Instrument, InstrumentTable, kind_of, read_symbol

_NEEDED = ("symbol", "name")
_BASE_PRICE = "10"
_USUAL_VOLUME = "10000000"
_HIGHEST = 10_000_000.0
_MOST_VOLUME = 10**12
_NAME_CHARACTERS = 32


def read_instruments(lines: Iterable[str]) -> InstrumentTable:
    """Return the built-in table with the rows of a file, which come after it and count before it.

    The first line names the columns: ``symbol`` and ``name``, and for simulations ``base_price`` and ``usual_volume``.

    Raises:
        ValueError: a line is wrong; the message says which and how.
    """
    rows = csv.DictReader(lines)
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"line 1: no column for {', '.join(missing)}")
    return InstrumentTable([*INSTRUMENTS, *_instruments(rows)])


def _instruments(rows: csv.DictReader[str]) -> Iterator[Instrument]:
    seen: set[str] = set()
    for row in rows:
        try:
            instrument = _instrument(row)
        except ValueError as error:
            raise ValueError(f"line {rows.line_num}: {error}") from None
        if instrument.symbol in seen:
            raise ValueError(f"line {rows.line_num}: {instrument.symbol} is there twice")
        seen.add(instrument.symbol)
        yield instrument


def _instrument(row: Mapping[str, str | None]) -> Instrument:
    symbol, name = read_symbol(row["symbol"] or ""), (row["name"] or "").strip()
    if not 0 < len(name) <= _NAME_CHARACTERS:
        raise ValueError(f"{symbol} needs a name of at most {_NAME_CHARACTERS} characters")
    base_price = float(row.get("base_price") or _BASE_PRICE)
    usual_volume = int(row.get("usual_volume") or _USUAL_VOLUME)
    if not 0 < base_price <= _HIGHEST or not 0 < usual_volume <= _MOST_VOLUME:
        raise ValueError(f"base_price and usual_volume of {symbol} must be above 0, or left out")
    return Instrument(symbol, name, base_price, usual_volume, kind_of(symbol))
