"""Conversations and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import DuplicateKeyError

from server.domain.conversations import Activity, Conversation, MarkKey
from server.domain.friends import pair_key
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id

MAX_LISTED = 500


class ConversationRepository:
    """The collection ``conversations``; a direct one is unique by its pair of members."""

    def __init__(self, database: Database) -> None:
        self._conversations = database["conversations"]
        # What a batch of messages means can be derived from the messages again: it need not wait for a majority.
        self._derived = self._conversations.with_options(write_concern=WriteConcern(w=1))

    @database_call
    async def open_direct(self, user_id: str, other_id: str, now: datetime) -> Conversation:
        """Return the conversation of the two, made now if there is none."""
        pair = pair_key(user_id, other_id)
        fresh: Document = {
            "_id": new_id(),
            "kind": "direct",
            "member_ids": sorted((user_id, other_id)),
            "created_at": now,
            "active_at": now,
            "last_seq": 0,
            "revision": 0,
            "read": {},
            "delivered": {},
        }
        while True:
            try:
                return _conversation(
                    await self._conversations.find_one_and_update(
                        {"pair": pair}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
                    )
                )
            except DuplicateKeyError:  # another caller was a moment earlier, and now it is there
                continue

    @database_call
    async def find_direct(self, user_id: str, other_id: str) -> Conversation | None:
        document = await self._conversations.find_one({"pair": pair_key(user_id, other_id)})
        return _conversation(document) if document else None

    @database_call
    async def find_for_member(self, conversation_id: str, user_id: str) -> Conversation | None:
        """Return the conversation if the user is a member of it."""
        document = await self._conversations.find_one({"_id": conversation_id, "member_ids": user_id})
        return _conversation(document) if document else None

    @database_call
    async def is_member_of_any(self, user_id: str, conversation_ids: Sequence[str]) -> bool:
        wanted = {"_id": {"$in": list(conversation_ids)}, "member_ids": user_id}
        return await self._conversations.find_one(wanted, {"_id": 1}) is not None

    @database_call
    async def list_for_member(self, user_id: str) -> list[Conversation]:
        """Return the user's conversations, the last active first."""
        cursor = self._conversations.find({"member_ids": user_id}).sort("active_at", -1).limit(MAX_LISTED)
        return [_conversation(document) for document in await cursor.to_list(None)]

    @database_call
    async def record(self, activities: Iterable[Activity]) -> None:
        """Bring conversations up to date with messages that were stored."""
        await self._derived.bulk_write([_update(activity) for activity in activities], ordered=False)

    @database_call
    async def mark(self, marks: Mapping[MarkKey, int]) -> None:
        """Move marks on to these numbers, none of them back."""
        furthest: dict[str, Document] = {}
        for (conversation_id, user_id, mark), seq in marks.items():
            furthest.setdefault(conversation_id, {})[f"{mark.value}.{user_id}"] = seq
        updates = [
            UpdateOne({"_id": conversation_id}, {"$max": fields}) for conversation_id, fields in furthest.items()
        ]
        await self._conversations.bulk_write(updates, ordered=False)


def _update(activity: Activity) -> UpdateOne:
    furthest: Document = {"last_seq": activity.last_seq, "active_at": activity.at}
    furthest |= {f"read.{user_id}": seq for user_id, seq in activity.sent.items()}
    return UpdateOne({"_id": activity.conversation_id}, {"$inc": {"revision": activity.messages}, "$max": furthest})


def _conversation(document: Document) -> Conversation:
    return Conversation(
        id=document["_id"],
        kind=document["kind"],
        member_ids=tuple(document["member_ids"]),
        created_at=document["created_at"],
        last_seq=document["last_seq"],
        revision=document["revision"],
        read=document["read"],
        delivered=document.get("delivered", {}),
    )
