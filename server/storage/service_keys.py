"""Service keys and the hashes of their secrets."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET
from pymongo import DESCENDING

from server.domain.service_keys import Scope, ServiceKey
from server.storage.availability import database_call
from server.storage.documents import Database, Document


class ServiceKeyRepository:
    """The collection ``service_keys``, which is small: it is asked by ``_id`` alone."""

    def __init__(self, database: Database) -> None:
        self._keys = database["service_keys"]

    @database_call
    async def add(self, key: ServiceKey, secret_hash: str) -> None:
        document: Document = {
            "_id": key.id,
            "name": key.name,
            "scopes": [scope.value for scope in key.scopes],
            "created_at": key.created_at,
            "created_by": key.created_by,
            "secret_hash": secret_hash,
        }
        if key.expires_at is not UNSET:
            document["expires_at"] = key.expires_at
        await self._keys.insert_one(document)

    @database_call
    async def find(self, key_id: str) -> tuple[ServiceKey, str] | None:
        """Return a key with the hash of its secret."""
        document = await self._keys.find_one({"_id": key_id})
        return (_key(document), document["secret_hash"]) if document else None

    @database_call
    async def newest(self, limit: int) -> list[ServiceKey]:
        """Return up to ``limit`` keys, the newest first."""
        cursor = self._keys.find({}, {"secret_hash": 0}).sort("_id", DESCENDING).hint("_id_").limit(limit)
        return [_key(document) async for document in cursor]

    @database_call
    async def touch(self, key_id: str, now: datetime) -> None:
        """Note that a key was used."""
        await self._keys.update_one({"_id": key_id}, {"$set": {"last_used_at": now}})

    @database_call
    async def remove(self, key_id: str) -> bool:
        """Remove a key; tell whether there was one."""
        return (await self._keys.delete_one({"_id": key_id})).deleted_count == 1


def _key(document: Document) -> ServiceKey:
    return ServiceKey(
        document["_id"],
        document["name"],
        tuple(Scope(name) for name in document["scopes"]),
        document["created_at"],
        document["created_by"],
        document.get("expires_at", UNSET),
        document.get("last_used_at", UNSET),
    )
