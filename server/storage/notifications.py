"""Notifications: ``seq`` counts from 1 for each user, in the order in which they can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from msgspec import UNSET, convert, to_builtins
from pymongo import UpdateOne, WriteConcern

from server.domain.known_texts import KnownText
from server.domain.notifications import (
    JobStep,
    Notification,
    NotificationDraft,
    Status,
    StoredNotification,
    notification_id,
)
from server.storage.availability import database_call
from server.storage.documents import Database, Document
from server.storage.notification_jobs import record_step
from server.storage.transactions import Session, in_transaction

BOTH: tuple[Status, ...] = ("unread", "read")


class Following(NamedTuple):
    """What follows a place; ``through`` is the last place among it."""

    notifications: list[Notification]
    through: int
    has_more: bool


class NotificationRepository:
    """The collections ``notifications`` and ``notification_places``, the last ``seq`` of each user.

    Both are written in one transaction that begins with the place. Two that write to one user are therefore one after
    the other, in whatever processes: whoever reads a number can read all before it, so that nothing is stored behind
    what somebody has seen. Numbers do not come again, also when the notification that had one is gone.
    """

    def __init__(self, database: Database, retention: timedelta = timedelta(days=90)) -> None:
        self._database = database
        self.retention = retention
        self._notifications = database["notifications"]
        self._places = database["notification_places"]
        # Losing how far somebody was told costs telling them twice.
        self._told = database["notification_deliveries"].with_options(write_concern=WriteConcern(w=1))

    # Writing.

    @database_call
    async def add(self, drafts: Sequence[NotificationDraft], step: JobStep | None = None) -> list[StoredNotification]:
        """Store notifications, all or none, with the ``step`` of the job they are of; of two with one key the last.

        Returns nothing when the step was taken before. Raises RequestError (unavailable).
        """
        kept = list({(d.user_id, d.key if d.key else number): d for number, d in enumerate(drafts)}.values())

        async def work(session: Session) -> list[StoredNotification]:
            if step is not None and not await record_step(self._database, step, session):
                return []
            if not kept:
                return []
            last = await self._advance(Counter(draft.user_id for draft in kept), session)
            replaced = await self._remove_keyed(kept, session)
            stored, documents = [], []
            for draft in reversed(kept):  # places are given from the last backwards
                seq = last[draft.user_id]
                last[draft.user_id] = seq - 1
                document = self._document(draft, seq)
                documents.append(document)
                old = replaced.get((draft.user_id, draft.key)) if draft.key else None
                stored.append(StoredNotification(draft.user_id, _notification(document), draft.silent, old))
            await self._notifications.insert_many(documents, ordered=False, session=session)
            return stored[::-1]

        return await in_transaction(self._database, work)

    async def _advance(self, counts: Mapping[str, int], session: Session) -> dict[str, int]:
        """Take so many places for each user; return the last one of each."""
        steps = [UpdateOne({"_id": user_id}, {"$inc": {"seq": n}}, upsert=True) for user_id, n in counts.items()]
        await self._places.bulk_write(steps, ordered=False, session=session)
        found = self._places.find({"_id": {"$in": list(counts)}}, session=session)
        return {document["_id"]: document["seq"] async for document in found}

    async def _remove_keyed(self, drafts: Sequence[NotificationDraft], session: Session) -> dict[tuple[str, str], str]:
        """Remove the unread ones whose place the drafts take; return their ids."""
        keys = [{"user_id": draft.user_id, "key": draft.key} for draft in drafts if draft.key]
        if not keys:
            return {}
        found = await self._notifications.find({"$or": keys}, {"user_id": 1, "key": 1}, session=session).to_list(None)
        if found:
            await self._notifications.delete_many({"_id": {"$in": [one["_id"] for one in found]}}, session=session)
        return {(one["user_id"], one["key"]): one["_id"] for one in found}

    def _document(self, draft: NotificationDraft, seq: int) -> Document:
        document = {
            "_id": notification_id(seq),
            "user_id": draft.user_id,
            "seq": seq,
            "title": draft.title,
            "content": draft.content,
            "type": draft.type,
            "link": draft.link,
            "source": draft.source,
            "created_at": draft.created_at,
            "expires_at": draft.created_at + self.retention,
            "status": draft.status,
        }
        if draft.text is not UNSET:
            document["text"] = to_builtins(draft.text)
        if draft.silent:
            document["silent"] = True
        if draft.key is not None and draft.status == "unread":
            document["key"] = draft.key
        return document

    # Reading.

    @database_call
    async def newest(
        self, user_id: str, limit: int, before: int | None = None, status: Status | None = None, kind: str | None = None
    ) -> list[Notification]:
        """Return a user's notifications, newest first, up to the place ``before``."""
        query: Document = {"user_id": user_id}
        if kind is not None:
            query |= {"type": kind, "status": {"$in": [status] if status else list(BOTH)}}
        elif status is not None:
            query["status"] = status
        if before is not None:
            query["seq"] = {"$lt": before}
        cursor = self._notifications.find(query).sort("seq", -1).limit(limit)
        return [_notification(document) async for document in cursor]

    @database_call
    async def following(self, user_id: str, after: int, limit: int) -> Following:
        """Return what follows a place and was not silent, the oldest first."""
        query = {"user_id": user_id, "seq": {"$gt": after}, "silent": {"$exists": False}}
        found = await self._notifications.find(query).sort("seq", 1).limit(limit).to_list(None)
        through = found[-1]["seq"] if found else after
        return Following([_notification(document) for document in found], through, len(found) == limit)

    @database_call
    async def count_unread(self, user_ids: Collection[str]) -> dict[str, int]:
        """Return how many unread ones each of the users has; answered by the index alone."""
        pipeline = [
            {"$match": {"user_id": {"$in": list(user_ids)}, "status": "unread"}},
            {"$group": {"_id": "$user_id", "unread": {"$sum": 1}}},
        ]
        found = {document["_id"]: document["unread"] async for document in self._notifications.aggregate(pipeline)}
        return {user_id: found.get(user_id, 0) for user_id in user_ids}

    # What users do with theirs.

    @database_call
    async def mark_read(self, user_id: str, ids: Collection[str]) -> list[str]:
        """Mark those as read that are the user's; return which those are, however they were marked before."""
        own = {"_id": {"$in": list(ids)}, "user_id": user_id}
        found = await self._notifications.find(own, {"_id": 1}).to_list(None)
        await self._notifications.update_many(own, _READ)
        return [document["_id"] for document in found]

    @database_call
    async def mark_keys_read(self, keys: Collection[tuple[str, str]]) -> dict[str, list[str]]:
        """Mark users' unread ones as read by (user, key); return the ids of those there were, by user."""
        users, names = ({*column} for column in zip(*keys, strict=True))
        wanted = {"user_id": {"$in": [*users]}, "key": {"$in": [*names]}}
        found = [
            document
            async for document in self._notifications.find(wanted, {"user_id": 1, "key": 1})
            if (document["user_id"], document["key"]) in keys
        ]
        marked: dict[str, list[str]] = {}
        for document in found:
            marked.setdefault(document["user_id"], []).append(document["_id"])
        if found:
            await self._notifications.update_many({"_id": {"$in": [one["_id"] for one in found]}}, _READ)
        return marked

    @database_call
    async def mark_all_read(self, user_id: str, through: int) -> int:
        """Mark all as read up to a place; return how many were unread."""
        unread = {"user_id": user_id, "status": "unread", "seq": {"$lte": through}}
        result = await self._notifications.update_many(unread, _READ)
        return int(result.modified_count)

    @database_call
    async def remove(self, user_id: str, notification_id: str) -> bool:
        """Remove one that is the user's; tell whether there was such."""
        own = {"_id": notification_id, "user_id": user_id}
        return (await self._notifications.delete_one(own)).deleted_count == 1

    # How far users were told.

    @database_call
    async def note_told(self, places: Mapping[str, int]) -> None:
        """Note up to which place users have been told, none of them back."""
        steps = [UpdateOne({"_id": user_id}, {"$max": {"seq": seq}}, upsert=True) for user_id, seq in places.items()]
        await self._told.bulk_write(steps, ordered=False)

    @database_call
    async def places(self, user_id: str) -> tuple[int, int]:
        """Return up to which place a user has been told, and the last place there is."""
        told = await self._told.find_one({"_id": user_id})
        last = await self._places.find_one({"_id": user_id})
        return (told["seq"] if told else 0), (last["seq"] if last else 0)


_READ: Document = {"$set": {"status": "read"}, "$unset": {"key": ""}}


def _notification(document: Document) -> Notification:
    return Notification(
        document["_id"],
        document["title"],
        document["content"],
        document["type"],
        document["link"],
        document["source"],
        document["created_at"],
        document["status"],
        convert(document["text"], KnownText) if "text" in document else UNSET,
    )
