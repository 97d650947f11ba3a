"""Groups: every change of a group and of who is in it is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from server.domain.groups import ChangedGroup, GroupChange, GroupState
from server.storage.availability import database_call
from server.storage.conversations import conversation_document, first_members, member_document, member_id
from server.storage.documents import Database, Document
from server.storage.transactions import Session, in_transaction

Decide = Callable[[GroupState], GroupChange]


class GroupRepository:
    """The groups among ``conversations``, with their ``members``.

    A change begins by writing to the conversation, so that of two at once, in whatever processes, the second one waits
    or is done anew: what it decides by is what the first has left.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._conversations = database["conversations"]
        self._members = database["members"]

    @database_call
    async def create(self, name: str, owner_id: str, member_ids: Sequence[str], now: datetime) -> str:
        """Store a group of its owner and these others; return its id."""
        conversation = conversation_document("group", now, member_count=1 + len(member_ids))
        conversation |= {"name": name, "owner_id": owner_id}
        members = [member_document(conversation, owner_id, "owner", now)]
        members += [member_document(conversation, user_id, "member", now) for user_id in member_ids]
        conversation["first_members"] = first_members(members)

        async def insert(session: Session) -> None:
            await self._conversations.insert_one(conversation, session=session)
            await self._members.insert_many(members, session=session)

        await in_transaction(self._database, insert)
        return str(conversation["_id"])

    @database_call
    async def change(
        self, conversation_id: str, concerned: Collection[str], decide: Decide, now: datetime
    ) -> ChangedGroup | None:
        """Do what ``decide`` says of the group, in which it is told the roles of ``concerned``; None: no such group.

        What ``decide`` raises leaves everything as it was. It may be called more than once.
        """

        async def work(session: Session) -> ChangedGroup | None:
            document: Document | None = await self._conversations.find_one_and_update(
                {"_id": conversation_id, "kind": "group", "member_count": {"$gt": 0}},
                {"$inc": {"version": 1}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if document is None:
                return None
            change = decide(await self._state(session, document, concerned))
            return await self._apply(session, document, change, now)

        return await in_transaction(self._database, work)

    async def _state(self, session: Session, document: Document, concerned: Collection[str]) -> GroupState:
        those = {"_id": {"$in": [member_id(document["_id"], user_id) for user_id in concerned]}}
        # Written to before all else: marks of somebody who sends all the time would undo the change again and again.
        await self._members.update_many(those, {"$set": {"version": document["version"]}}, session=session)
        found = await self._members.find(those, session=session).to_list(None)
        return GroupState(
            id=document["_id"],
            name=document["name"],
            owner_id=document["owner_id"],
            member_count=document["member_count"],
            roles={member["user_id"]: member["role"] for member in found},
            heir=await self._heir(session, document["_id"]) if document["owner_id"] in concerned else None,
        )

    async def _heir(self, session: Session, conversation_id: str) -> str | None:
        """Return the longest-standing admin, or else member."""
        for role in ("admin", "member"):
            found = await self._members.find_one(
                {"conversation_id": conversation_id, "role": role},
                sort=[("joined_at", 1), ("user_id", 1)],
                session=session,
            )
            if found is not None:
                return str(found["user_id"])
        return None

    async def _apply(self, session: Session, document: Document, change: GroupChange, now: datetime) -> ChangedGroup:
        conversation_id = document["_id"]
        if change.removed:
            ids = [member_id(conversation_id, user_id) for user_id in change.removed]
            await self._members.delete_many({"_id": {"$in": ids}}, session=session)
        if change.added:
            added = [member_document(document, user_id, "member", now) for user_id in change.added]
            await self._members.insert_many(added, session=session)
        for user_id, role in change.roles.items():
            key = {"_id": member_id(conversation_id, user_id)}
            await self._members.update_one(key, {"$set": {"role": role}}, session=session)
        cursor = self._members.find({"conversation_id": conversation_id}, {"user_id": 1, "role": 1}, session=session)
        present = await cursor.sort([("joined_at", 1), ("user_id", 1)]).to_list(None)
        owner_id = next((user_id for user_id, role in change.roles.items() if role == "owner"), document["owner_id"])
        changed = ChangedGroup(
            id=conversation_id,
            name=document["name"] if change.name is None else change.name,
            owner_id=owner_id if present else None,
            member_ids=tuple(member["user_id"] for member in present),
            change=change,
        )
        fields = {
            "name": changed.name,
            "owner_id": changed.owner_id,
            "member_count": len(present),
            "first_members": first_members(present),
        }
        await self._conversations.update_one({"_id": conversation_id}, {"$set": fields}, session=session)
        return changed

    @database_call
    async def count_groups(self, user_ids: Collection[str]) -> dict[str, int]:
        """Return in how many groups each of the users is, if in any."""
        counted: Any = self._members.aggregate(count_pipeline(user_ids))
        return {document["_id"]: document["groups"] async for document in counted}


def count_pipeline(user_ids: Collection[str]) -> list[Document]:
    """Return what `GroupRepository.count_groups` asks of the members."""
    return [
        {"$match": {"user_id": {"$in": list(user_ids)}, "kind": "group"}},
        {"$group": {"_id": "$user_id", "groups": {"$sum": 1}}},
    ]
