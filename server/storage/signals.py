"""What each strategy has said about each day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec
from pymongo import ASCENDING, DESCENDING, DeleteMany, UpdateOne

from server.domain.signals import Signal
from server.storage.availability import database_call
from server.storage.documents import Database, Document


class SignalRepository:
    """The collection ``signals``: one document for each strategy, day and symbol."""

    def __init__(self, database: Database) -> None:
        self._signals = database["signals"]

    @database_call
    async def store(self, strategy: str, day: date, signals: Collection[Signal]) -> None:
        """Let these be all that a strategy says about a day; doing it again changes nothing."""
        of_day = {"strategy": strategy, "day": day.isoformat()}
        symbols = [signal.symbol for signal in signals]
        await self._signals.bulk_write(
            [
                *(
                    UpdateOne({**of_day, "symbol": signal.symbol}, {"$set": _values(signal)}, upsert=True)
                    for signal in signals
                ),
                DeleteMany({**of_day, "symbol": {"$nin": symbols}}),
            ]
        )

    @database_call
    async def of_day(self, strategy: str, day: date, limit: int) -> list[Signal]:
        """Return what a strategy says about a day, the strongest first."""
        cursor = self._signals.find({"strategy": strategy, "day": day.isoformat()}, {"_id": 0, "strategy": 0})
        cursor = cursor.sort([("score", DESCENDING), ("symbol", ASCENDING)]).limit(limit)
        return [msgspec.convert(document, Signal) for document in await cursor.to_list(None)]

    @database_call
    async def last_day(self, strategy: str) -> date | None:
        """Return the last day about which a strategy says anything."""
        document = await self._signals.find_one({"strategy": strategy}, {"day": 1}, sort=[("day", DESCENDING)])
        return date.fromisoformat(document["day"]) if document else None


def _values(signal: Signal) -> Document:
    values: Document = msgspec.to_builtins(signal)
    del values["symbol"], values["day"]
    return values
