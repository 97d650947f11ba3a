"""Friendships, and the requests that may become one."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from pymongo.errors import DuplicateKeyError

from server.domain.friends import pair_key
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id

MAX_LISTED = 1000


class PendingRequest(Struct, frozen=True):
    """A friend request as it is stored."""

    id: str
    from_user_id: str
    to_user_id: str
    created_at: datetime


class FriendshipRepository:
    """The collections ``friendships`` (one per pair) and ``friend_requests`` (at most one waits per pair)."""

    def __init__(self, database: Database) -> None:
        self._friendships = database["friendships"]
        self._requests = database["friend_requests"]

    @database_call
    async def are_friends(self, user_id: str, other_id: str) -> bool:
        return await self._friendships.find_one({"_id": pair_key(user_id, other_id)}, {"_id": 1}) is not None

    @database_call
    async def friend_ids(self, user_id: str) -> list[str]:
        cursor = self._friendships.find({"user_ids": user_id}, {"user_ids": 1}).limit(MAX_LISTED)
        return [other for document in await cursor.to_list(None) for other in document["user_ids"] if other != user_id]

    @database_call
    async def befriend(self, user_id: str, other_id: str, now: datetime) -> None:
        """Make two users friends; nothing happens when they are."""
        friendship = {"user_ids": sorted((user_id, other_id)), "created_at": now}
        try:
            await self._friendships.update_one(
                {"_id": pair_key(user_id, other_id)}, {"$setOnInsert": friendship}, upsert=True
            )
        except DuplicateKeyError:
            return  # another caller was a moment earlier

    @database_call
    async def add_request(self, from_user_id: str, to_user_id: str, now: datetime) -> tuple[PendingRequest, bool]:
        """Store a request, or find the one that waits between the two in either direction.

        The second value tells whether it is new.
        """
        pair = pair_key(from_user_id, to_user_id)
        document: Document = {
            "_id": new_id(),
            "pair": pair,
            "from_user_id": from_user_id,
            "to_user_id": to_user_id,
            "created_at": now,
        }
        while True:
            try:
                await self._requests.insert_one(document)
            except DuplicateKeyError:
                waiting = await self._requests.find_one({"pair": pair})
                if waiting is not None:
                    return _request(waiting), False
            else:
                return _request(document), True

    @database_call
    async def requests(self, user_id: str) -> list[PendingRequest]:
        """Return what waits for the user's answer and what the user waits for, newest first."""
        cursor = self._requests.find({"$or": [{"to_user_id": user_id}, {"from_user_id": user_id}]})
        return [_request(document) for document in await cursor.sort("_id", -1).limit(MAX_LISTED).to_list(None)]

    @database_call
    async def request_to(self, request_id: str, user_id: str) -> PendingRequest | None:
        """Return the request if it waits for this user's answer."""
        document = await self._requests.find_one({"_id": request_id, "to_user_id": user_id})
        return _request(document) if document else None

    @database_call
    async def remove_request(self, request_id: str) -> bool:
        """Remove a request; tell whether it was this call that did."""
        return (await self._requests.delete_one({"_id": request_id})).deleted_count == 1


def _request(document: Document) -> PendingRequest:
    return PendingRequest(document["_id"], document["from_user_id"], document["to_user_id"], document["created_at"])
