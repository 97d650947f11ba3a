"""The watchlists of users."""

from __future__ import annotations

import msgspec
from pymongo.errors import DuplicateKeyError

from server.domain.watchlists import Watchlist, Watchlists
from server.storage.availability import database_call
from server.storage.documents import Database


class WatchlistRepository:
    """The collection ``watchlists``: one document holds all lists of a user, so that any change is one operation."""

    def __init__(self, database: Database) -> None:
        self._watchlists = database["watchlists"]

    @database_call
    async def find(self, user_id: str) -> Watchlists:
        """Return a user's lists: who never changed any has the default one, whose id is the user's."""
        document = await self._watchlists.find_one({"_id": user_id})
        if document is None:
            return Watchlists((Watchlist(user_id, ""),))
        return msgspec.convert({"lists": document["lists"], "version": document["version"]}, Watchlists)

    @database_call
    async def replace(self, user_id: str, lists: tuple[Watchlist, ...], version: int) -> bool:
        """Store all lists in place of the version that was looked at; False when it is no longer the present one."""
        present = {"_id": user_id, "version": version}
        change = {"$set": {"lists": msgspec.to_builtins(lists)}, "$inc": {"version": 1}}
        try:
            result = await self._watchlists.update_one(present, change, upsert=version == 0)
        except DuplicateKeyError:  # the first version was made meanwhile
            return False
        return result.matched_count == 1 or result.upserted_id is not None
