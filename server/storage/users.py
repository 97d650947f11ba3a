"""Users and their password hashes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from server.domain.users import Profile, User, username_key
from server.errors import ErrorCode, RequestError
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id


class UserRepository:
    """The collection ``users``; a name is unique regardless of case."""

    def __init__(self, database: Database) -> None:
        self._users = database["users"]

    @database_call
    async def add(self, username: str, display_name: str, password_hash: str, now: datetime) -> User:
        """Store a new user; RequestError (username_taken) when the name is not free."""
        document: Document = {
            "_id": new_id(),
            "username": username,
            "username_key": username_key(username),
            "display_name": display_name,
            "password_hash": password_hash,
            "created_at": now,
        }
        try:
            await self._users.insert_one(document)
        except DuplicateKeyError:
            raise RequestError(ErrorCode.USERNAME_TAKEN, f"{username} is taken") from None
        return _user(document)

    @database_call
    async def find(self, user_id: str) -> User | None:
        document = await self._users.find_one({"_id": user_id})
        return _user(document) if document else None

    @database_call
    async def find_by_name(self, username: str) -> User | None:
        document = await self._users.find_one({"username_key": username_key(username)})
        return _user(document) if document else None

    @database_call
    async def find_with_password(self, username: str) -> tuple[User, str] | None:
        """Return the user of that name and the password's hash."""
        document = await self._users.find_one({"username_key": username_key(username)})
        return (_user(document), document["password_hash"]) if document else None

    @database_call
    async def set_password(self, user_id: str, password_hash: str) -> None:
        await self._users.update_one({"_id": user_id}, {"$set": {"password_hash": password_hash}})

    @database_call
    async def profiles(self, user_ids: Iterable[str]) -> dict[str, Profile]:
        """Return the profiles of those of the ids that exist."""
        cursor = self._users.find({"_id": {"$in": list(user_ids)}}, {"username": 1, "display_name": 1})
        return {
            document["_id"]: Profile(document["_id"], document["username"], document["display_name"])
            async for document in cursor
        }


def _user(document: Document) -> User:
    return User(document["_id"], document["username"], document["display_name"], document["created_at"])
