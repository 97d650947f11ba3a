"""What users want to hear of notifications."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from server.domain.notifications import Preferences
from server.storage.availability import database_call
from server.storage.documents import Database


class NotificationPreferenceRepository:
    """The collection ``notification_preferences``: one document for each user who has any."""

    def __init__(self, database: Database) -> None:
        self._preferences = database["notification_preferences"]

    @database_call
    async def of(self, user_ids: Collection[str]) -> dict[str, Preferences]:
        """Return the preferences of those of the users who have any."""
        cursor = self._preferences.find({"_id": {"$in": list(user_ids)}})
        return {document.pop("_id"): msgspec.convert(document, Preferences) async for document in cursor}

    @database_call
    async def set(self, user_id: str, preferences: Preferences) -> None:
        await self._preferences.replace_one({"_id": user_id}, msgspec.to_builtins(preferences), upsert=True)
