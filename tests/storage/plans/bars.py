"""The queries of `BarRepository`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec.structs import asdict

from server.domain.bars import Bar, Period
from server.domain.quotes import SHANGHAI
from server.storage.bars import BarRepository
from tests.support.plans import row

DAY = datetime(2025, 1, 1, tzinfo=SHANGHAI)


def bar(days: int) -> Bar:
    return Bar(DAY + timedelta(days=days), open=10.0, high=10.2, low=9.9, close=10.1, volume=1000, amount=10100.0)


DOCUMENTS = {
    "bars": [
        {"symbol": symbol, "period": period, **asdict(bar(n))}
        for symbol in ("600519.SH", "000001.SZ")
        for period in ("1d", "1m")
        for n in range(150)
    ]
}

ROWS = (
    row(BarRepository.newest, "600519.SH", Period.DAY, 20),
    row(BarRepository.newest, "600519.SH", Period.DAY, 20, date(2025, 3, 1)),
    row(BarRepository.replace, Period.DAY, [("600519.SH", bar(n)) for n in range(140, 160)]),
    row(BarRepository.add_missing, Period.DAY, [("000001.SZ", bar(n)) for n in range(140, 160)]),
    row(BarRepository.merge_minutes, [("600519.SH", bar(n)) for n in range(140, 160)], DAY + timedelta(days=9999)),
)
