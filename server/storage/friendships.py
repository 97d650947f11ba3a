"""What is between two users: friendship, a request for it, blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from server.domain.friends import PendingRequest, Relation, pair_key
from server.storage.availability import AWAY, database_call, unavailable
from server.storage.documents import Database, Document, new_id

MAX_LISTED = 1000
PAIRS_PER_BATCH = 1000

_FRIENDS: Document = {"friends_since": {"$exists": True}}
_STRANGERS: Document = {"friends_since": {"$exists": False}}


class FriendshipRepository:
    """The collection ``relations``: one document for each pair that ever had to do with each other.

    It has ``friends_since`` while they are friends, ``request`` while one of them asks, and in ``blocked_by`` who of
    them blocks the other. As it is one document, each change is one operation that holds what it needs to find against
    what is there: of several at once, in whatever processes, each sees what those before it left.
    """

    def __init__(self, database: Database) -> None:
        self._relations = database["relations"]

    # Friends.

    @database_call
    async def are_friends(self, user_id: str, other_id: str) -> bool:
        pair: Document = {"_id": pair_key(user_id, other_id)}
        return await self._relations.find_one(pair | _FRIENDS, {"_id": 1}) is not None

    @database_call
    async def friend_ids(self, user_id: str) -> list[str]:
        return await self._others({"user_ids": user_id} | _FRIENDS, user_id)

    async def friend_pairs(self, user_ids: Collection[str]) -> AsyncIterator[tuple[str, str]]:
        """Yield each friendship of any of the users, once, in whatever order; RequestError (unavailable)."""
        query = {"user_ids": {"$in": list(user_ids)}} | _FRIENDS
        cursor = self._relations.find(query, {"user_ids": 1, "_id": 0}).batch_size(PAIRS_PER_BATCH)
        try:
            async for document in cursor:
                first, second = document["user_ids"]
                yield first, second
        except AWAY as error:
            raise unavailable() from error

    @database_call
    async def count_friends(self, user_id: str, most: int) -> int:
        """Return how many friends a user has; ``most`` stands for that many and more."""
        return await self._relations.count_documents({"user_ids": user_id} | _FRIENDS, limit=most)

    @database_call
    async def befriend(self, user_id: str, other_id: str, now: datetime) -> None:
        """Make two users friends who did not ask; nothing happens when they are, or when one blocks the other."""
        await self._upsert(
            user_id,
            other_id,
            _STRANGERS | {"blocked_by.0": {"$exists": False}},
            {"$set": {"friends_since": now}, "$unset": {"request": ""}},
        )

    @database_call
    async def unfriend(self, user_id: str, other_id: str) -> bool:
        """End a friendship; tell whether it was this call that did."""
        pair = {"_id": pair_key(user_id, other_id)}
        result = await self._relations.update_one(pair | _FRIENDS, {"$unset": {"friends_since": ""}})
        return result.modified_count == 1

    # Requests.

    @database_call
    async def add_request(self, from_user_id: str, to_user_id: str, now: datetime) -> tuple[Relation, bool]:
        """Store a request, unless they are friends, one of them asks already, or the one who asks blocks the other.

        Returns what is between them then, and whether the request is new.
        """
        request = {"id": new_id(), "from_user_id": from_user_id, "to_user_id": to_user_id, "created_at": now}
        condition = _STRANGERS | {"request": {"$exists": False}, "blocked_by": {"$ne": from_user_id}}
        while True:
            made = await self._upsert(from_user_id, to_user_id, condition, {"$set": {"request": request}})
            if made is not None:
                return made, True
            relation = _relation(await self._relations.find_one({"_id": pair_key(from_user_id, to_user_id)}))
            if relation.are_friends or relation.request or from_user_id in relation.blocked_by:
                return relation, False  # else what was in the way is gone

    @database_call
    async def requests(self, user_id: str) -> list[PendingRequest]:
        """Return what waits for the user's answer and what the user waits for, newest first."""
        cursor = self._relations.find({"$or": [_shown_to(user_id), {"request.from_user_id": user_id}]}, {"request": 1})
        documents = await cursor.sort("request.id", -1).limit(MAX_LISTED).to_list(None)
        return [_request(document["request"]) for document in documents]

    @database_call
    async def count_requests_from(self, user_id: str, most: int) -> int:
        """Return how many requests of a user wait; ``most`` stands for that many and more."""
        return await self._relations.count_documents({"request.from_user_id": user_id}, limit=most)

    @database_call
    async def request_to(self, request_id: str, user_id: str) -> PendingRequest | None:
        """Return the request if it waits for this user's answer."""
        document = await self._relations.find_one({"request.id": request_id} | _shown_to(user_id))
        return _request(document["request"]) if document else None

    @database_call
    async def accept(self, request_id: str, user_id: str, now: datetime) -> PendingRequest | None:
        """Make friends of the two, if the request waits for this user's answer; return the request."""
        return await self._answer(request_id, user_id, {"$set": {"friends_since": now}})

    @database_call
    async def decline(self, request_id: str, user_id: str) -> PendingRequest | None:
        """Remove the request, if it waits for this user's answer, and return it."""
        return await self._answer(request_id, user_id, {})

    @database_call
    async def withdraw(self, request_id: str, user_id: str) -> Relation | None:
        """Remove the request, if it is this user's; return what was between the two."""
        query = {"request.id": request_id, "request.from_user_id": user_id}
        document = await self._relations.find_one_and_update(query, {"$unset": {"request": ""}})
        return _relation(document) if document else None

    # Blocks.

    @database_call
    async def block(self, user_id: str, other_id: str) -> Relation | None:
        """Let a user block the other one, which ends all else; return what was between them, None when it was so."""
        change = {"$addToSet": {"blocked_by": user_id}, "$unset": {"friends_since": "", "request": ""}}
        condition = {"blocked_by": {"$ne": user_id}}
        return await self._upsert(user_id, other_id, condition, change, after=False)

    @database_call
    async def unblock(self, user_id: str, other_id: str) -> Relation | None:
        """Let a user no longer block the other one; return what is between them, None when there was no block."""
        document = await self._relations.find_one_and_update(
            {"_id": pair_key(user_id, other_id), "blocked_by": user_id},
            {"$pull": {"blocked_by": user_id}},
            return_document=ReturnDocument.AFTER,
        )
        return _relation(document) if document else None

    @database_call
    async def blocked_ids(self, user_id: str) -> list[str]:
        """Return whom a user blocks."""
        return await self._others({"blocked_by": user_id}, user_id)

    @database_call
    async def count_blocked(self, user_id: str, most: int) -> int:
        """Return how many a user blocks; ``most`` stands for that many and more."""
        return await self._relations.count_documents({"blocked_by": user_id}, limit=most)

    async def _others(self, query: Document, user_id: str) -> list[str]:
        cursor = self._relations.find(query, {"user_ids": 1}).limit(MAX_LISTED)
        return [other for document in await cursor.to_list(None) for other in document["user_ids"] if other != user_id]

    async def _upsert(
        self, user_id: str, other_id: str, condition: Document, change: Document, *, after: bool = True
    ) -> Relation | None:
        """Change a pair's document, made now if there is none; return what it says after (or before) the change.

        None when the condition does not hold.
        """
        pair: Document = {"_id": pair_key(user_id, other_id)}
        made = {"$setOnInsert": {"user_ids": sorted((user_id, other_id))}}
        update = partial(self._relations.find_one_and_update, pair | condition, return_document=after)
        try:
            return _relation(await update(change | made, upsert=True))
        except DuplicateKeyError:  # it does not hold; or another caller made the document meanwhile, and it holds now
            document = await update(change)
            return _relation(document) if document else None

    async def _answer(self, request_id: str, user_id: str, change: Document) -> PendingRequest | None:
        query = {"request.id": request_id} | _shown_to(user_id)
        document = await self._relations.find_one_and_update(query, {"$unset": {"request": ""}} | change)
        return _request(document["request"]) if document else None


def _shown_to(user_id: str) -> Document:
    """Select the requests that a user is asked by: those of who is blocked wait where the user does not see them."""
    return {"request.to_user_id": user_id, "blocked_by": {"$ne": user_id}}


def _request(document: Mapping[str, Any]) -> PendingRequest:
    return PendingRequest(document["id"], document["from_user_id"], document["to_user_id"], document["created_at"])


def _relation(document: Document | None) -> Relation:
    if document is None:
        return Relation()
    request = document.get("request")
    return Relation(
        are_friends="friends_since" in document,
        request=_request(request) if request else None,
        blocked_by=frozenset(document.get("blocked_by", ())),
    )
