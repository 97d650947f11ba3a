"""Price alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
from pymongo import DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from server.domain.alerts import Alert, AlertKind, Firing
from server.errors import ErrorCode, RequestError
from server.storage.availability import AWAY, database_call, unavailable
from server.storage.documents import Database, Document, new_id

MAX_ACTIVE = 100
ALERTS_PER_BATCH = 1000

_ACTIVE: Document = {"slot": {"$exists": True}}


class AlertRepository:
    """The collection ``alerts``.

    An active alert has a ``slot``, one of a hundred that are unique within a user, so that no race makes more of them
    active; one that fired has ``firing`` instead.
    """

    def __init__(self, database: Database) -> None:
        self._alerts = database["alerts"]

    @database_call
    async def add(self, user_id: str, symbol: str, kind: AlertKind, value: float, now: datetime) -> Alert:
        """Store an active alert; RequestError (conflict) when the user has as many as are allowed."""
        document: Document = {
            "_id": new_id(),
            "user_id": user_id,
            "symbol": symbol,
            "kind": kind.value,
            "value": value,
            "created_at": now,
            "revision": 0,
        }
        while True:
            document["slot"] = await self._free_slot(user_id)
            try:
                await self._alerts.insert_one(document)
            except DuplicateKeyError:  # another alert took the slot meanwhile
                continue
            return _alert(document)

    @database_call
    async def find(self, alert_id: str) -> Alert | None:
        document = await self._alerts.find_one({"_id": alert_id})
        return _alert(document) if document else None

    @database_call
    async def active(self, user_id: str) -> list[Alert]:
        """Return a user's active alerts, in whatever order."""
        return [_alert(document) async for document in self._alerts.find({"user_id": user_id} | _ACTIVE)]

    @database_call
    async def fired(self, user_id: str, limit: int) -> list[Alert]:
        """Return the alerts of a user that fired, the last one first."""
        cursor = self._alerts.find({"user_id": user_id, "firing.at": {"$exists": True}})
        return [_alert(document) async for document in cursor.sort("firing.at", DESCENDING).limit(limit)]

    async def every_active(self) -> AsyncIterator[Alert]:
        """Yield the active alerts of all users, read in pages; RequestError (unavailable)."""
        # The index holds the active ones alone.
        cursor = self._alerts.find(_ACTIVE).hint("active_slot").batch_size(ALERTS_PER_BATCH)
        try:
            async for document in cursor:
                yield _alert(document)
        except AWAY as error:
            raise unavailable() from error

    @database_call
    async def arm(self, alert: Alert, value: float) -> Alert | None:
        """Let an alert wait for a value, whether it waits or has fired; None when it is no longer as it was.

        Raises RequestError (conflict) when it has fired, and the user has as many active ones as are allowed.
        """
        present: Document = {"_id": alert.id, "revision": alert.revision}
        change: Document = {"$set": {"value": value}, "$inc": {"revision": 1}, "$unset": {"firing": ""}}
        if alert.firing is None:
            return await self._update(present | _ACTIVE, change)
        while True:
            change["$set"]["slot"] = await self._free_slot(alert.user_id)
            try:
                return await self._update(present | {"slot": {"$exists": False}}, change)
            except DuplicateKeyError:  # another alert took the slot meanwhile
                continue

    @database_call
    async def fire(self, alert_id: str, revision: int, firing: Firing) -> Alert | None:
        """Let an active alert have fired; None when it is no longer as it was: of several processes one gets it.

        The one that got it gets it again, as it may not have heard the answer.
        """
        mine = {"_id": alert_id, "revision": revision, "firing.by": {"$in": [None, firing.by]}}
        change = {"$set": {"firing": msgspec.structs.asdict(firing)}, "$unset": {"slot": ""}}
        return await self._update(mine, change)

    @database_call
    async def remove(self, alert_id: str, user_id: str) -> bool:
        """Delete an alert of this user; tell whether there was one."""
        return (await self._alerts.delete_one({"_id": alert_id, "user_id": user_id})).deleted_count == 1

    async def _update(self, query: Document, change: Document) -> Alert | None:
        document = await self._alerts.find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
        return _alert(document) if document else None

    async def _free_slot(self, user_id: str) -> int:
        cursor = self._alerts.find({"user_id": user_id} | _ACTIVE, {"slot": 1, "_id": 0})
        taken = {document["slot"] async for document in cursor}
        for slot in range(MAX_ACTIVE):
            if slot not in taken:
                return slot
        raise RequestError(ErrorCode.CONFLICT, f"you have {MAX_ACTIVE} active alerts, which is the most allowed")


def _alert(document: Document) -> Alert:
    firing = document.get("firing")
    return Alert(
        document["_id"],
        document["user_id"],
        document["symbol"],
        AlertKind(document["kind"]),
        document["value"],
        document["created_at"],
        document["revision"],
        Firing(**firing) if firing else None,
    )
