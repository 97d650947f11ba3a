"""Bars from a CSV file, line by line: what cannot be read is told with its line number, and the rest goes on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import BinaryIO, NamedTuple

from server.domain.bars import Bar, Period
from server.domain.quotes import SHANGHAI
from server.market.instruments import read_symbol

MAX_LINE_BYTES = 4096
_HIGHEST = 1e15
_BOM = b"\xef\xbb\xbf"
_COLUMNS = {
    "symbol": ("股票代码", "代码", "code", "symbol"),  # the last one found counts
    "time": ("time", "date", "datetime", "日期", "时间"),
    "open": ("open", "开盘"),
    "high": ("high", "最高"),
    "low": ("low", "最低"),
    "close": ("close", "收盘"),
    "volume": ("volume", "成交量"),
    "amount": ("amount", "成交额"),
}
_OPTIONAL = {"amount"}
_DAY_FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d")
_MINUTE_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M")


class ImportedBar(NamedTuple):
    """A good line."""

    symbol: str
    bar: Bar


class LineError(NamedTuple):
    """A bad line; as text ``line 17: high 9.1 is below low 9.3``."""

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


def read_bars(file: BinaryIO, period: Period) -> Iterator[ImportedBar | LineError]:
    """Yield every line of a CSV file as a bar, or as what is wrong with it; volumes are shares.

    The first line names the columns, in any order. The text is UTF-8 or GBK. Only one line is held at a time.

    Raises:
        ValueError: a needed column is missing.
    """
    lines = _Lines(file)
    columns: dict[str, int] | None = None
    for number, raw in lines:
        try:
            fields = lines.fields(raw)
            if not any(fields):
                continue
            if columns is not None:
                yield _imported(_row(fields, columns), period)
        except (ValueError, csv.Error) as error:
            if columns is None:
                raise ValueError(f"line {number}: {error}") from None
            yield LineError(number, str(error))
            continue
        if columns is None:
            columns = _columns(fields)
    if columns is None:
        raise ValueError("the file is empty; its first line must name the columns")


class _Lines:
    """Numbered lines of at most ``MAX_LINE_BYTES``, and their text."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._encoding: str | None = None

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        number = 1
        while line := self._file.readline(MAX_LINE_BYTES + 1):
            yield number, line.removeprefix(_BOM) if number == 1 else line
            while not line.endswith(b"\n") and len(line) > MAX_LINE_BYTES:  # skip the rest of what is too long
                line = self._file.readline(MAX_LINE_BYTES + 1)
            number += 1

    def fields(self, raw: bytes) -> list[str]:
        """Return the fields of a line; the first one that is not ASCII decides the encoding of all."""
        if len(raw) > MAX_LINE_BYTES:
            raise ValueError(f"longer than {MAX_LINE_BYTES} bytes")
        if self._encoding is None and not raw.isascii():
            self._encoding = "utf-8" if _is_utf8(raw) else "gbk"
        try:
            text = raw.decode(self._encoding or "ascii")
        except UnicodeDecodeError:
            raise ValueError(f"is not {(self._encoding or 'ascii').upper()} text, as the lines before it") from None
        return [field.strip() for field in next(csv.reader([text.rstrip("\r\n")], strict=True), [])]


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _columns(header: list[str]) -> dict[str, int]:
    """Return where each field stands."""
    names = [name.lower() for name in header]
    found = {field: names.index(name) for field, known in _COLUMNS.items() for name in known if name in names}
    missing = [field for field in _COLUMNS if field not in found and field not in _OPTIONAL]
    if missing:
        raise ValueError(f"line 1: no column for {', '.join(missing)}; the columns are {', '.join(_COLUMNS)}")
    return found


def _row(fields: list[str], columns: Mapping[str, int]) -> dict[str, str]:
    if len(fields) <= max(columns.values()):
        raise ValueError(f"got {len(fields)} fields, the first line names {max(columns.values()) + 1} or more")
    return {name: fields[index] for name, index in columns.items()}


def _imported(row: Mapping[str, str], period: Period) -> ImportedBar:
    bar = Bar(
        time=_time(row["time"], period),
        open=_price(row, "open"),
        high=_price(row, "high"),
        low=_price(row, "low"),
        close=_price(row, "close"),
        volume=_volume(row["volume"]),
        amount=_number("amount", row.get("amount") or "0"),
    )
    if bar.high < bar.low:
        raise ValueError(f"high {bar.high:g} is below low {bar.low:g}")
    for name, price in (("open", bar.open), ("close", bar.close)):
        if not bar.low <= price <= bar.high:
            raise ValueError(f"{name} {price:g} is not between low {bar.low:g} and high {bar.high:g}")
    return ImportedBar(read_symbol(row["symbol"]), bar)


def _time(text: str, period: Period) -> datetime:
    """Return when the bar begins."""
    forms = _DAY_FORMS if period is Period.DAY else _MINUTE_FORMS
    for form in forms:
        try:
            return datetime.strptime(text, form).replace(tzinfo=SHANGHAI, second=0)
        except ValueError:
            continue
    allowed = "2026-01-05" if period is Period.DAY else "2026-01-05 09:31"
    raise ValueError(f"got the time {text[:40]!r}; allowed: a time such as {allowed}")


def _price(row: Mapping[str, str], name: str) -> float:
    price = _number(name, row[name])
    if not price:
        raise ValueError(f"{name} is 0; a price is above 0")
    return price


def _volume(text: str) -> int:
    volume = _number("volume", text)
    if volume != int(volume):
        raise ValueError(f"volume {text[:40]} is not a whole number of shares")
    return int(volume)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{name} {text[:40]!r} is not a number") from None
    if not 0 <= number <= _HIGHEST:  # NaN is neither
        raise ValueError(f"{name} {text[:40]} is not a number from 0 to {_HIGHEST:.0e}")
    return number
