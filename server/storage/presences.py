"""When users were last seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from pymongo import UpdateOne, WriteConcern

from server.storage.availability import database_call
from server.storage.documents import Database


class PresenceRepository:
    """The collection ``presences``: one document for each user who was ever here."""

    def __init__(self, database: Database) -> None:
        # Losing the last moment before a crash costs nobody anything: it need not wait for a majority.
        self._presences = database["presences"].with_options(write_concern=WriteConcern(w=1))

    @database_call
    async def touch(self, seen: Mapping[str, datetime]) -> None:
        """Note when users were seen; what another process noted later stays."""
        updates = [
            UpdateOne({"_id": user_id}, {"$max": {"last_seen": at}}, upsert=True) for user_id, at in seen.items()
        ]
        await self._presences.bulk_write(updates, ordered=False)

    @database_call
    async def last_seen(self, user_ids: Collection[str]) -> dict[str, datetime]:
        """Return when those of the users were last seen of whom it is known."""
        cursor = self._presences.find({"_id": {"$in": list(user_ids)}})
        return {document["_id"]: document["last_seen"] for document in await cursor.to_list(None)}
