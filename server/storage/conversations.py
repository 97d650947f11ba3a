"""Conversations, their members, and how far those have come."""

from __future__ import annotations

import asyncio
from collections.abc import Collection as Sized
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from server.domain.conversations import (
    Activity,
    Conversation,
    Kind,
    Mark,
    MarkKey,
    Member,
    MemberKey,
    Participant,
    Role,
)
from server.domain.friends import pair_key
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id
from server.storage.transactions import Session, in_transaction

MAX_LISTED = 500
FIRST_MEMBERS = 10
"""So many of a group stand in its own document, for lists."""


class Audience(NamedTuple):
    """Who is to hear of a conversation: ``version`` grows whenever that changes; ``pair`` is empty for a group."""

    version: int
    pair: tuple[str, ...]


class ConversationRepository:
    """The collections ``conversations`` (a direct one is unique by its pair) and ``members``, one for each member.

    What is read for every message is small however large a group is: the conversation and one member.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._conversations = database["conversations"]
        self._members = database["members"]
        # A revision that people are told must not be undone by a crash: the next change would get it again.
        self._confirmed = self._conversations.with_options(read_concern=ReadConcern("majority"))
        self._confirmed_members = self._members.with_options(read_concern=ReadConcern("majority"))

    # One conversation.

    @database_call
    async def open_direct(self, user_id: str, other_id: str, now: datetime) -> Conversation:
        """Return the conversation of the two, made now if there is none."""
        pair = pair_key(user_id, other_id)
        document = {**conversation_document("direct", now, member_count=2), "pair": pair}

        async def insert(session: Session) -> None:
            await self._conversations.insert_one(document, session=session)
            members = [member_document(document, member, "member", now) for member in pair.split(":")]
            await self._members.insert_many(members, session=session)

        while True:
            found = await self.find_direct(user_id, other_id)
            if found is not None:
                return found
            try:
                await in_transaction(self._database, insert)
            except DuplicateKeyError:  # another caller was a moment earlier, and now it is there
                continue

    @database_call
    async def find_direct(self, user_id: str, other_id: str) -> Conversation | None:
        return await self._first(self._confirmed, find_direct_pipeline(pair_key(user_id, other_id), user_id))

    @database_call
    async def find_for_member(self, conversation_id: str, user_id: str) -> Conversation | None:
        """Return the conversation if the user is a member of it."""
        return await self._first(self._confirmed_members, find_for_member_pipeline(conversation_id, user_id))

    async def _first(self, collection: Any, pipeline: list[Document]) -> Conversation | None:
        documents = await collection.aggregate(pipeline).to_list(1)
        return _conversation(documents[0]) if documents else None

    # Lists.

    @database_call
    async def is_member_of_any(self, user_id: str, conversation_ids: Sized[str]) -> bool:
        ids = [member_id(conversation_id, user_id) for conversation_id in conversation_ids]
        return await self._members.find_one({"_id": {"$in": ids}}, {"_id": 1}) is not None

    @database_call
    async def list_for_member(self, user_id: str) -> list[Conversation]:
        """Return the user's conversations, those that are pinned first, then the last active."""
        # Two queries, not one with $lookup, which is five times as slow for so many.
        own = {member["conversation_id"]: member async for member in self._members.find({"user_id": user_id})}
        found = await self._conversations.find({"_id": {"$in": list(own)}}).to_list(None)
        found.sort(key=lambda one: (own[one["_id"]]["pinned"], one["active_at"], one["_id"]), reverse=True)
        return [_conversation({**one, "own": own[one["_id"]]}) for one in found[:MAX_LISTED]]

    @database_call
    async def members(self, conversation_id: str) -> list[Member]:
        """Return all members, the longest-standing first."""
        cursor = self._members.find({"conversation_id": conversation_id}).sort([("joined_at", 1), ("user_id", 1)])
        return [_member(document) for document in await cursor.to_list(None)]

    @database_call
    async def find_members(self, keys: Sized[MemberKey]) -> dict[MemberKey, Member]:
        """Return those that are members."""
        found = await self._members.find({"_id": {"$in": [member_id(*key) for key in keys]}}).to_list(None)
        return {MemberKey(one["conversation_id"], one["user_id"]): _member(one) for one in found}

    @database_call
    async def member_ids(self, conversation_id: str) -> list[str]:
        cursor = self._members.find({"conversation_id": conversation_id}, {"user_id": 1, "_id": 0})
        return [document["user_id"] for document in await cursor.to_list(None)]

    @database_call
    async def audiences(self, conversation_ids: Sized[str]) -> dict[str, Audience]:
        """Return who hears of each of the conversations; `member_ids` of a group change with the version alone."""
        cursor = self._conversations.find({"_id": {"$in": list(conversation_ids)}}, {"version": 1, "pair": 1})
        return {
            document["_id"]: Audience(document["version"], _pair(document)) for document in await cursor.to_list(None)
        }

    # What a member sets.

    @database_call
    async def set_pinned(self, key: MemberKey, pinned: bool) -> bool:
        """Pin a conversation or unpin it; tell whether that is a change."""
        result = await self._members.update_one({"_id": member_id(*key)}, {"$set": {"pinned": pinned}})
        return result.modified_count == 1

    @database_call
    async def set_muted(self, key: MemberKey, until: datetime | None) -> None:
        await self._members.update_one({"_id": member_id(*key)}, {"$set": {"muted_until": until}})

    @database_call
    async def count_pinned(self, user_id: str) -> int:
        return await self._members.count_documents({"user_id": user_id, "pinned": True})

    # What follows from messages.

    @database_call
    async def record(self, activities: Sized[Activity]) -> None:
        """Bring conversations and their senders up to date with messages that were stored."""
        read = {
            MarkKey(activity.conversation_id, user_id, Mark.READ): seq
            for activity in activities
            for user_id, seq in activity.sent.items()
        }
        await asyncio.gather(
            self._conversations.bulk_write([_update(activity) for activity in activities], ordered=False),
            self._members.bulk_write(_mark_updates(read), ordered=False),
        )

    @database_call
    async def mark(self, marks: Mapping[MarkKey, int]) -> None:
        """Move marks on to these numbers, none of them back."""
        await self._members.bulk_write(_mark_updates(marks), ordered=False)


def member_id(conversation_id: str, user_id: str) -> str:
    """Return the id of a member's document: nobody is in a conversation twice."""
    return f"{conversation_id}:{user_id}"


def conversation_document(kind: Kind, now: datetime, member_count: int) -> Document:
    """Return a new conversation."""
    return {
        "_id": new_id(),
        "kind": kind,
        "member_count": member_count,
        "version": 0,
        "created_at": now,
        "active_at": now,
        "last_seq": 0,
        "revision": 0,
    }


def member_document(conversation: Document, user_id: str, role: Role, now: datetime) -> Document:
    """Return a new member of a conversation, who has read all that was there before."""
    return {
        "_id": member_id(conversation["_id"], user_id),
        "conversation_id": conversation["_id"],
        "user_id": user_id,
        "kind": conversation["kind"],
        "role": role,
        "joined_at": now,
        "read": conversation["last_seq"],
        "delivered": conversation["last_seq"],
        "pinned": False,
        "muted_until": None,
    }


def first_members(members: Iterable[Document]) -> list[Document]:
    """Return what a group's document says of the first of these members."""
    return [{"user_id": member["user_id"], "role": member["role"]} for member in islice(members, FIRST_MEMBERS)]


def find_for_member_pipeline(conversation_id: str, user_id: str) -> list[Document]:
    """Return what `ConversationRepository.find_for_member` asks of the members."""
    lookup = {
        "from": "conversations",
        "localField": "conversation_id",
        "foreignField": "_id",
        "as": "conversation",
    }
    return [
        {"$match": {"_id": member_id(conversation_id, user_id)}},
        {"$lookup": lookup},
        {"$unwind": "$conversation"},
        {"$replaceWith": {"$mergeObjects": ["$conversation", {"own": "$$ROOT"}]}},
        {"$unset": "own.conversation"},
    ]


def find_direct_pipeline(pair: str, user_id: str) -> list[Document]:
    """Return what `ConversationRepository.find_direct` asks of the conversations."""
    own = {"$concat": ["$_id", ":", user_id]}
    lookup = {"from": "members", "localField": "own", "foreignField": "_id", "as": "own"}
    return [{"$match": {"pair": pair}}, {"$set": {"own": own}}, {"$lookup": lookup}, {"$unwind": "$own"}]


def _update(activity: Activity) -> UpdateOne:
    furthest: Document = {"last_seq": activity.last_seq, "active_at": activity.at}
    return UpdateOne({"_id": activity.conversation_id}, {"$inc": {"revision": activity.messages}, "$max": furthest})


def _mark_updates(marks: Mapping[MarkKey, int]) -> list[UpdateOne]:
    furthest: dict[str, Document] = {}
    for (conversation_id, user_id, mark), seq in marks.items():
        furthest.setdefault(member_id(conversation_id, user_id), {})[mark.value] = seq
    return [UpdateOne({"_id": key}, {"$max": fields}) for key, fields in furthest.items()]


def _pair(document: Document) -> tuple[str, ...]:
    return tuple(document["pair"].split(":")) if "pair" in document else ()


def _conversation(document: Document) -> Conversation:
    pair = _pair(document)
    return Conversation(
        id=document["_id"],
        kind=document["kind"],
        created_at=document["created_at"],
        last_seq=document["last_seq"],
        revision=document["revision"],
        member_count=document["member_count"],
        own=_member(document["own"]),
        first=tuple(Participant(one["user_id"], one["role"]) for one in document.get("first_members", ()))
        or tuple(Participant(user_id, "member") for user_id in pair),
        pair=pair,
        name=document.get("name"),
        owner_id=document.get("owner_id"),
    )


def _member(document: Document) -> Member:
    return Member(
        conversation_id=document["conversation_id"],
        user_id=document["user_id"],
        role=document["role"],
        joined_at=document["joined_at"],
        read=document["read"],
        delivered=document["delivered"],
        pinned=document["pinned"],
        muted_until=document["muted_until"],
    )
