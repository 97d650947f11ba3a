"""Users and their password hashes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import UNSET, Struct, UnsetType
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from server.domain.files import thumbnail_url
from server.domain.users import (
    Ban,
    Profile,
    ProfileChange,
    Role,
    Standing,
    User,
    UserFilter,
    UserView,
    display_name_key,
    username_key,
)
from server.errors import ErrorCode, RequestError
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id

AFTER_ALL_CHARACTERS = "\U0010ffff"
"""Sorts behind every character."""


class Account(Struct, frozen=True):
    """A user with what only signing in needs."""

    user: User
    password_hash: str
    ban: Ban | None


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
            "display_name_key": display_name_key(display_name),
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
    async def find_account(self, username: str) -> Account | None:
        return _account(await self._users.find_one({"username_key": username_key(username)}))

    @database_call
    async def find_account_of(self, user_id: str) -> Account | None:
        return _account(await self._users.find_one({"_id": user_id}))

    @database_call
    async def set_password(self, user_id: str, password_hash: str) -> None:
        await self._users.update_one({"_id": user_id}, {"$set": {"password_hash": password_hash}})

    @database_call
    async def replace_password(self, user_id: str, old_hash: str, new_hash: str) -> bool:
        """Put a password in the place of the one that was looked at; False when it is another one by now."""
        present = {"_id": user_id, "password_hash": old_hash}
        return (await self._users.update_one(present, {"$set": {"password_hash": new_hash}})).matched_count == 1

    @database_call
    async def update(self, user_id: str, change: ProfileChange) -> tuple[User, User] | None:
        """Change what is given; return the user before and after it."""
        given: Document = msgspec.to_builtins(change)
        if "display_name" in given:
            given["display_name_key"] = display_name_key(given["display_name"])
        kept = {field: value for field, value in given.items() if value is not None}
        gone = dict.fromkeys(given.keys() - kept, "")
        operation = {name: fields for name, fields in (("$set", kept), ("$unset", gone)) if fields}
        before = await self._users.find_one_and_update(
            {"_id": user_id}, operation, return_document=ReturnDocument.BEFORE
        )
        return (_user(before), _user(before | given)) if before else None

    @database_call
    async def is_avatar(self, file_id: str) -> bool:
        """Tell whether a picture is somebody's avatar; answered by the index alone."""
        return await self._users.find_one({"avatar": file_id}, {"_id": 0, "avatar": 1}) is not None

    @database_call
    async def ban(self, user_id: str, reason: str, now: datetime) -> bool:
        """Ban a user who is no operator; tell whether there is such a one."""
        who = {"_id": user_id, "role": {"$ne": Role.OPERATOR.value}}
        change = {"$set": {"ban": {"reason": reason, "since": now}}}
        return (await self._users.update_one(who, change)).matched_count == 1

    @database_call
    async def unban(self, user_id: str) -> bool:
        """Lift a ban, if there is one; tell whether there is such a user."""
        return (await self._users.update_one({"_id": user_id}, {"$unset": {"ban": ""}})).matched_count == 1

    @database_call
    async def promote(self, user_id: str) -> None:
        """Make an operator of a user; operators are not banned."""
        change = {"$set": {"role": Role.OPERATOR.value}, "$unset": {"ban": ""}}
        await self._users.update_one({"_id": user_id}, change)

    @database_call
    async def demote(self, user_id: str) -> None:
        """Make a plain member of a user."""
        await self._users.update_one({"_id": user_id}, {"$unset": {"role": ""}})

    @database_call
    async def search(self, prefix: str, spared_id: str, limit: int, standing: Standing | None = None) -> list[Profile]:
        """Return up to ``limit`` profiles, by username, whose username or display name begins so in any case.

        Of more than that, those whose names come first are chosen.
        """
        keys = {"username_key": username_key(prefix), "display_name_key": display_name_key(prefix)}
        found: dict[str, Document] = {}
        for (field, key), index in zip(keys.items(), _NAME_INDEXES[standing], strict=True):
            wanted: Document = {field: _begins(key), "_id": {"$ne": spared_id}, **_STANDINGS.get(standing, {})}
            cursor = self._users.find(wanted, _PROFILE | {"username_key": 1}).sort(field, ASCENDING)
            cursor = cursor.hint(index).limit(limit)  # in the order of the index, so that no more is read
            found |= {document["_id"]: document async for document in cursor}
        by_name = sorted(found.values(), key=lambda document: document["username_key"])
        return [_profile(document) for document in by_name[:limit]]

    @database_call
    async def profiles(self, user_ids: Iterable[str]) -> dict[str, Profile]:
        """Return the profiles of those of the ids that exist."""
        cursor = self._users.find({"_id": {"$in": list(user_ids)}}, _PROFILE)
        return {document["_id"]: _profile(document) async for document in cursor}

    @database_call
    async def views(self, user_ids: Iterable[str]) -> dict[str, UserView]:
        """Return what operators see of those of the ids that exist."""
        cursor = self._users.find({"_id": {"$in": list(user_ids)}}, _VIEW)
        return {document["_id"]: _view(document) async for document in cursor}

    @database_call
    async def listed(self, standing: Standing | None, after: str, limit: int) -> list[UserView]:
        """Return what operators see of the users that follow a username, by username; ``standing`` narrows them."""
        wanted: Document = {"username_key": {"$gt": username_key(after)}, **_STANDINGS.get(standing, {})}
        cursor = self._users.find(wanted, _VIEW).sort("username_key", ASCENDING).limit(limit)
        return [_view(document) async for document in cursor]

    @database_call
    async def count(self) -> int:
        """Return about how many users there are."""
        return await self._users.estimated_document_count()

    @database_call
    async def ids_after(self, user_id: str, limit: int) -> list[str]:
        """Return the ids that follow one, in their order."""
        cursor = self._users.find({"_id": {"$gt": user_id}}, {"_id": 1}).sort("_id", ASCENDING).limit(limit)
        return [document["_id"] for document in await cursor.to_list(None)]

    @database_call
    async def matching(self, user_ids: Iterable[str], meant: UserFilter) -> list[str]:
        """Return those of the ids, in their order, for which holds what a filter says of accounts."""
        wanted = {"_id": {"$in": list(user_ids)}, **_conditions(meant)}
        # By the ids, so that no more is read than they are, whatever else begins with the prefix.
        cursor = self._users.find(wanted, {"_id": 1}).sort("_id", ASCENDING).hint("_id_")
        return [document["_id"] for document in await cursor.to_list(None)]

    @database_call
    async def locales(self, user_ids: Iterable[str]) -> dict[str, str | None]:
        """Return those of the ids that exist, with the language each user has chosen."""
        cursor = self._users.find({"_id": {"$in": list(user_ids)}}, {"locale": 1})
        return {document["_id"]: document.get("locale") async for document in cursor}

    @database_call
    async def profiles_named(self, username_keys: Iterable[str]) -> list[Profile]:
        """Return the profiles of those of the names (see `username_key`) that are somebody's."""
        cursor = self._users.find({"username_key": {"$in": list(username_keys)}}, _PROFILE)
        return [_profile(document) async for document in cursor]


_PROFILE = {"username": 1, "display_name": 1, "avatar": 1}
_VIEW = _PROFILE | {"created_at": 1, "role": 1, "ban": 1}
_STANDINGS: dict[Standing | None, Document] = {
    Standing.OPERATOR: {"role": Role.OPERATOR.value},
    Standing.BANNED: {"ban": {"$exists": True}},
}
_NAME_INDEXES = {
    None: ("username_key", "display_name_key"),
    Standing.OPERATOR: ("role", "role_display_name"),
    Standing.BANNED: ("banned", "banned_display_name"),
}
"""The indexes of usernames and of display names, of everyone or of those of a standing."""


def _begins(prefix: str) -> Document:
    """Return what an anchored expression would say, as a range: nothing in it is special."""
    return {"$gte": prefix, "$lt": prefix + AFTER_ALL_CHARACTERS}


def _conditions(meant: UserFilter) -> Document:
    conditions: Document = {}
    if meant.role is not None:
        operator = Role.OPERATOR.value
        conditions["role"] = operator if meant.role is Role.OPERATOR else {"$ne": operator}
    if meant.username_prefix is not None:
        conditions["username_key"] = _begins(username_key(meant.username_prefix))
    limits = {"$gte": meant.registered_after, "$lt": meant.registered_before}
    if given := {name: limit for name, limit in limits.items() if limit is not None}:
        conditions["created_at"] = given
    return conditions


def _profile(document: Document) -> Profile:
    return Profile(document["_id"], document["username"], document["display_name"], _avatar(document))


def _user(document: Document) -> User:
    return User(
        document["_id"],
        document["username"],
        document["display_name"],
        document["created_at"],
        Role(document.get("role", Role.MEMBER.value)),
        document.get("locale", UNSET),
        _avatar(document),
    )


def _view(document: Document) -> UserView:
    return UserView(
        document["_id"],
        document["username"],
        document["display_name"],
        _avatar(document),
        created_at=document["created_at"],
        role=Role(document.get("role", Role.MEMBER.value)),
        ban=_ban(document) or UNSET,
    )


def _ban(document: Document) -> Ban | None:
    return Ban(document["ban"]["reason"], document["ban"]["since"]) if "ban" in document else None


def _avatar(document: Document) -> str | UnsetType:
    file_id = document.get("avatar")
    return UNSET if file_id is None else thumbnail_url(file_id)


def _account(document: Document | None) -> Account | None:
    if document is None:
        return None
    return Account(_user(document), document["password_hash"], _ban(document))
