"""Files in GridFS's own layout, a chunk at a time: `files.files` and `files.chunks`, readable by any GridFS tool.

The driver's GridFS is not used: it collects up to 48 MB before it writes, and reads up to 16 MB ahead. Here an upload
and a reader hold one chunk. A file's document is there before its first chunk and goes after its last, so that whatever
a crash leaves behind is found by its document.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from enum import Enum

from bson import Binary
from pymongo import ReturnDocument

from server.domain.files import StoredFile, Usage
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id

CHUNK_BYTES = 255 * 1024


class FileState(Enum):
    """``CLAIMED`` is a file that nobody gets any more and whose bytes are being removed."""

    UPLOADING = "uploading"
    READY = "ready"
    CLAIMED = "claimed"


class FileRepository:
    """The GridFS bucket ``files``; a thumbnail is a file of it whose id is its picture's with a suffix.

    ``metadata.uses`` counts how often a file was given to a message or a profile. ``metadata.check_at`` is when to look
    whether anything refers to the file.
    """

    def __init__(self, database: Database) -> None:
        self._files = database["files.files"]
        self._chunks = database["files.chunks"]

    def new_id(self) -> str:
        return new_id()

    @database_call
    async def begin(self, file_id: str, owner_id: str, reserved_bytes: int, now: datetime, check_at: datetime) -> None:
        """Make the document of an upload, which counts for its owner's usage with so many bytes."""
        await self._files.insert_one(
            {
                "_id": file_id,
                "length": reserved_bytes,
                "chunkSize": CHUNK_BYTES,
                "uploadDate": now,
                "metadata": {"owner_id": owner_id, "state": "uploading", "uses": 0, "check_at": check_at},
            }
        )

    @database_call
    async def write(self, data_id: str, number: int, data: bytes) -> None:
        """Store one chunk; all but the last have `CHUNK_BYTES`."""
        await self._chunks.insert_one({"_id": new_id(), "files_id": data_id, "n": number, "data": Binary(data)})

    @database_call
    async def write_thumbnail(self, file_id: str, data: bytes, now: datetime) -> None:
        data_id = thumbnail_id(file_id)
        await self._files.insert_one(
            {"_id": data_id, "length": len(data), "chunkSize": CHUNK_BYTES, "uploadDate": now, "metadata": {}}
        )
        for number, begin in enumerate(range(0, len(data), CHUNK_BYTES)):
            await self.write(data_id, number, data[begin : begin + CHUNK_BYTES])

    @database_call
    async def complete(self, file: StoredFile, check_at: datetime) -> bool:
        """Make an upload a file; False when it is no longer there."""
        facts = {
            "type": file.type,
            "kind": file.kind,
            "width": file.width,
            "height": file.height,
            "thumbnail_size": file.thumbnail_size,
            "state": "ready",
            "check_at": check_at,
        }
        result = await self._files.update_one(
            {"_id": file.id, "metadata.state": "uploading"},
            {
                "$set": {"length": file.size, "filename": file.name, "uploadDate": file.created_at}
                | {f"metadata.{name}": value for name, value in facts.items() if value is not None}
            },
        )
        return result.matched_count == 1

    @database_call
    async def usage(self, owner_id: str) -> Usage:
        """Return what a member's files take, answered from the index."""
        cursor = self._files.aggregate(
            [
                {"$match": {"metadata.owner_id": owner_id}},
                {"$group": {"_id": None, "files": {"$sum": 1}, "size": {"$sum": "$length"}}},
            ]
        )
        found = await cursor.to_list(1)
        return Usage(found[0]["files"], found[0]["size"]) if found else Usage(0, 0)

    @database_call
    async def find(self, file_id: str) -> StoredFile | None:
        """Return a file whose upload is complete."""
        document = await self._files.find_one({"_id": file_id, "metadata.state": "ready"})
        return _file(document) if document else None

    @database_call
    async def use(self, file_id: str, owner_id: str, kind: str | None, check_at: datetime) -> StoredFile | None:
        """Give a member's own file to something, in one step with keeping it until ``check_at`` at least."""
        wanted = {"_id": file_id, "metadata.owner_id": owner_id, "metadata.state": "ready"}
        if kind is not None:
            wanted["metadata.kind"] = kind
        document = await self._files.find_one_and_update(
            wanted,
            {"$inc": {"metadata.uses": 1}, "$set": {"metadata.check_at": check_at}},
            return_document=ReturnDocument.AFTER,
        )
        return _file(document) if document else None

    @database_call
    async def claim_unused(self, file_id: str, owner_id: str, now: datetime) -> bool:
        """Take a member's file that was never given to anything out of reach, to be removed."""
        result = await self._files.update_one(
            {
                "_id": file_id,
                "metadata.owner_id": owner_id,
                "metadata.state": "ready",
                "metadata.uses": 0,
            },
            {"$set": {"metadata.state": "claimed", "metadata.check_at": now}},
        )
        return result.modified_count == 1

    @database_call
    async def due(self, now: datetime, limit: int) -> list[tuple[str, int, FileState]]:
        """Return files to look at by now: id, uses, state."""
        cursor = self._files.find({"metadata.check_at": {"$lte": now}}).sort("metadata.check_at", 1).limit(limit)
        return [
            (document["_id"], document["metadata"]["uses"], FileState(document["metadata"]["state"]))
            for document in await cursor.to_list(None)
        ]

    @database_call
    async def keep(self, file_id: str, uses: int, check_at: datetime) -> None:
        """Look at the file again only then, unless it has been given away once more since it was looked at."""
        await self._files.update_one(
            {"_id": file_id, "metadata.uses": uses, "metadata.state": "ready"},
            {"$set": {"metadata.check_at": check_at}},
        )

    @database_call
    async def claim(self, file_id: str, uses: int, state: FileState, now: datetime) -> bool:
        """Take a file out of reach unless it has been given away, or completed, since it was looked at."""
        result = await self._files.update_one(
            {"_id": file_id, "metadata.uses": uses, "metadata.state": state.value},
            {"$set": {"metadata.state": "claimed", "metadata.check_at": now}},
        )
        return result.matched_count == 1

    @database_call
    async def remove(self, file_id: str) -> None:
        """Remove a file that is out of reach: chunks first, its document last."""
        for data_id in (thumbnail_id(file_id), file_id):
            await self._chunks.delete_many({"files_id": data_id})
            await self._files.delete_one({"_id": data_id})

    async def read(self, data_id: str, begin: int, end: int) -> AsyncIterator[bytes]:
        """Return the bytes from ``begin`` up to ``end``, a chunk at a time; fewer when the file is removed meanwhile.

        Raises RequestError (unavailable).
        """
        for number in range(begin // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
            chunk = await self._chunk(data_id, number)
            if chunk is None:
                return
            offset = number * CHUNK_BYTES
            yield chunk[max(0, begin - offset) : end - offset]

    @database_call
    async def _chunk(self, data_id: str, number: int) -> bytes | None:
        document = await self._chunks.find_one({"files_id": data_id, "n": number})
        return bytes(document["data"]) if document else None


def thumbnail_id(file_id: str) -> str:
    """Return under which id a picture's thumbnail is kept."""
    return f"{file_id}.thumbnail"


def _file(document: Document) -> StoredFile:
    facts = document["metadata"]
    return StoredFile(
        id=document["_id"],
        owner_id=facts["owner_id"],
        name=document["filename"],
        type=facts["type"],
        kind=facts["kind"],
        size=document["length"],
        created_at=document["uploadDate"],
        thumbnail_size=facts["thumbnail_size"],
        width=facts.get("width"),
        height=facts.get("height"),
    )
