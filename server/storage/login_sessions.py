"""Login sessions: one for each sign-in that still holds, with the hashes of its refresh token."""

from __future__ import annotations

from datetime import datetime

from pymongo import ReturnDocument

from server.domain.users import Holder, LoginSession, Role
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id


class LoginSessionRepository:
    """The collection ``login_sessions``; a revoked session is deleted, an expired one goes by its TTL index."""

    def __init__(self, database: Database) -> None:
        self._sessions = database["login_sessions"]

    def new_id(self) -> str:
        return new_id()

    @database_call
    async def add(self, session: LoginSession, family_hash: str, nonce_hash: str, now: datetime) -> None:
        await self._sessions.insert_one(
            {
                "_id": session.id,
                "user_id": session.user_id,
                "expires_at": session.expires_at,
                "created_at": now,
                "family_hash": family_hash,
                "nonce_hash": nonce_hash,
            }
        )

    @database_call
    async def find(self, session_id: str, now: datetime) -> tuple[LoginSession, Holder] | None:
        """Return the session if it still holds, and what its user is at this moment, in one query."""
        documents = await self._sessions.aggregate(
            [{"$match": {"_id": session_id, "expires_at": {"$gt": now}}}, *_WITH_HOLDER]
        ).to_list(1)
        session = _session(documents[0]) if documents else None
        if session is None or not documents[0]["holder"]:
            return None
        holder = documents[0]["holder"][0]
        return session, Holder(Role(holder.get("role", Role.MEMBER.value)), "ban" in holder)

    @database_call
    async def find_by_token(self, session_id: str, nonce_hash: str, now: datetime) -> LoginSession | None:
        """Return the session if it still holds and this is its present refresh token."""
        present = {"_id": session_id, "nonce_hash": nonce_hash, "expires_at": {"$gt": now}}
        return _session(await self._sessions.find_one(present))

    @database_call
    async def rotate(
        self, session_id: str, nonce_hash: str, next_hash: str, now: datetime, expires_at: datetime
    ) -> LoginSession | None:
        """Put the next refresh token in the place of the present one; None when this is not the present one.

        Of several callers with the same token exactly one succeeds.
        """
        present = {"_id": session_id, "nonce_hash": nonce_hash, "expires_at": {"$gt": now}}
        change = {"$set": {"nonce_hash": next_hash, "expires_at": expires_at}}
        return _session(await self._sessions.find_one_and_update(present, change, return_document=ReturnDocument.AFTER))

    @database_call
    async def revoke(self, session_id: str) -> bool:
        """End the session; tell whether there was one."""
        return (await self._sessions.delete_one({"_id": session_id})).deleted_count == 1

    @database_call
    async def revoke_all(self, user_id: str, but: str | None = None) -> list[str]:
        """End every session of a user, spare one of them; return the ids of those that ended."""
        ending = {"user_id": user_id, "_id": {"$ne": but}}
        ids = [document["_id"] async for document in self._sessions.find(ending, {"_id": 1})]
        await self._sessions.delete_many({"_id": {"$in": ids}})
        return ids

    @database_call
    async def revoke_family(self, session_id: str, family_hash: str) -> bool:
        """End the session if the family secret is its own; tell whether it was."""
        return (await self._sessions.delete_one({"_id": session_id, "family_hash": family_hash})).deleted_count == 1


_WITH_HOLDER: list[Document] = [
    {
        "$lookup": {
            "from": "users",
            "localField": "user_id",
            "foreignField": "_id",
            "pipeline": [{"$project": {"role": 1, "ban": 1}}],
            "as": "holder",
        }
    }
]


def _session(document: Document | None) -> LoginSession | None:
    if document is None:
        return None
    return LoginSession(document["_id"], document["user_id"], document["expires_at"])
