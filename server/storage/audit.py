"""The audit trail: entries are added and concluded, never changed otherwise, and end by their age."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET
from pymongo import DESCENDING

from server.domain.audit import Actor, AuditEntry
from server.storage.availability import database_call
from server.storage.documents import Database, Document


class AuditRepository:
    """The collection ``audit``; each entry names the time when it ends."""

    def __init__(self, database: Database) -> None:
        self._entries = database["audit"]

    @database_call
    async def add(self, entry: AuditEntry, expires_at: datetime) -> None:
        actor = {"kind": entry.actor.kind, "id": entry.actor.id, "name": entry.actor.name}
        document: Document = {
            "_id": entry.id,
            "actor": actor,
            "action": entry.action,
            "subject": entry.subject,
            "details": entry.details,
            "at": entry.at,
            "address": entry.address,
            "expires_at": expires_at,
        }
        await self._entries.insert_one(document)

    @database_call
    async def conclude(self, entry_id: str, status: int) -> None:
        """Note what a call was answered with."""
        await self._entries.update_one({"_id": entry_id}, {"$set": {"status": status}})

    @database_call
    async def newest(self, actor_id: str, action: str, before: str, limit: int) -> list[AuditEntry]:
        """Return up to ``limit`` entries, the newest first; an empty text does not narrow them."""
        wanted: Document = {"actor.id": actor_id} if actor_id else {}
        if action:
            wanted["action"] = action
        if before:
            wanted["_id"] = {"$lt": before}
        index = "actor_action" if actor_id and action else "actor" if actor_id else "action" if action else "_id_"
        cursor = self._entries.find(wanted).sort("_id", DESCENDING).hint(index).limit(limit)
        return [_entry(document) async for document in cursor]


def _entry(document: Document) -> AuditEntry:
    return AuditEntry(
        document["_id"],
        Actor(**document["actor"]),
        document["action"],
        document["subject"],
        document["details"],
        document["at"],
        document["address"],
        document.get("status", UNSET),
    )
