"""Bars of every instrument, by day and by minute."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any

import msgspec
from pymongo import DESCENDING, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError

from server.domain.bars import Bar, Period
from server.domain.quotes import SHANGHAI
from server.storage.availability import database_call
from server.storage.documents import Database, Document

SymbolBar = tuple[str, Bar]
"""A bar and whose it is."""

_DUPLICATE = 11000


class BarRepository:
    """The collection ``bars``: one document for each symbol, period and time; minutes go when they expire."""

    def __init__(self, database: Database) -> None:
        # What a crash loses of these is made again from quotes or a file: they need not wait for a majority.
        self._bars = database["bars"].with_options(write_concern=WriteConcern(w=1))

    @database_call
    async def replace(self, period: Period, bars: Collection[SymbolBar]) -> None:
        """Store bars in place of what is there for the same times; they stay."""
        await self._bars.bulk_write(
            [
                UpdateOne(_key(symbol, period, bar), {"$set": _values(bar), "$unset": {"expires_at": ""}}, upsert=True)
                for symbol, bar in bars
            ],
            ordered=False,
        )

    @database_call
    async def add_missing(self, period: Period, bars: Collection[SymbolBar]) -> None:
        """Store bars where there is none yet."""
        try:
            await self._bars.insert_many(
                [{**_key(symbol, period, bar), **_values(bar)} for symbol, bar in bars], ordered=False
            )
        except BulkWriteError as error:
            if any(fault["code"] != _DUPLICATE for fault in (error.details or {})["writeErrors"]):
                raise

    @database_call
    async def merge_minutes(self, bars: Collection[SymbolBar], expires_at: datetime) -> None:
        """Store minutes until they expire; two halves of one, as a restart leaves them, or two views become one."""
        await self._bars.bulk_write([_merging(symbol, bar, expires_at) for symbol, bar in bars], ordered=False)

    @database_call
    async def newest(self, symbol: str, period: Period, limit: int, until: date | None = None) -> list[Bar]:
        """Return the last bars, none after the day ``until``, the oldest first."""
        query: Document = {"symbol": symbol, "period": period.value}
        if until is not None:
            query["time"] = {"$lte": datetime.combine(until, time.max, SHANGHAI)}
        cursor = self._bars.find(query, {"_id": 0, "symbol": 0, "period": 0, "expires_at": 0})
        documents = await cursor.sort("time", DESCENDING).limit(limit).to_list(None)
        return [_bar(document) for document in reversed(documents)]


def _key(symbol: str, period: Period, bar: Bar) -> Document:
    return {"symbol": symbol, "period": period.value, "time": bar.time}


def _values(bar: Bar) -> Document:
    values: dict[str, Any] = msgspec.structs.asdict(bar)
    del values["time"]
    return values


def _merging(symbol: str, bar: Bar, expires_at: datetime) -> UpdateOne:
    return UpdateOne(
        _key(symbol, Period.MINUTE, bar),
        {
            "$setOnInsert": {"open": bar.open, "expires_at": expires_at},
            "$max": {"high": bar.high, "volume": bar.volume, "amount": bar.amount},
            "$min": {"low": bar.low},
            "$set": {"close": bar.close},
        },
        upsert=True,
    )


def _bar(document: Document) -> Bar:
    return Bar(**{**document, "time": document["time"].astimezone(SHANGHAI)})
