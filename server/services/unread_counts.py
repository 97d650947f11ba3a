"""How many notifications somebody has not read: told to all devices, at most so often."""

from __future__ import annotations

import logging

from server.domain.rooms import notification_room, user_room
from server.realtime.hub import WidePublisher
from server.services.rounds import Rounds
from server.storage.notifications import NotificationRepository

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.25


class UnreadCounts:
    """Counts for everyone at once who is here and whose count may have changed: one query in each interval.

    With it is stored up to where users have been told, so that who comes back gets what came meanwhile.
    """

    def __init__(self, notifications: NotificationRepository, publisher: WidePublisher) -> None:
        self._notifications = notifications
        self._publisher = publisher
        self._touched: set[str] = set()
        self._told: dict[str, int] = {}
        self._rounds = Rounds(self._tell, INTERVAL_SECONDS, gathering=True)

    def is_here(self, user_id: str) -> bool:
        """Tell whether any device of a user would hear of a notification."""
        return any(self._publisher.has_members(room(user_id)) for room in (user_room, notification_room))

    def touch(self, user_id: str, told: int | None = None) -> None:
        """Let a user's devices know soon what the count is; ``told`` is the place that they have heard of."""
        if not self.is_here(user_id):
            return
        self._touched.add(user_id)
        if told is not None:
            self._told[user_id] = max(told, self._told.get(user_id, 0))
        self._rounds.ask()

    async def close(self) -> None:
        """Tell what is left."""
        await self._rounds.close()

    async def _tell(self) -> None:
        touched, self._touched = self._touched, set()
        told, self._told = self._told, {}
        try:
            if told:
                await self._notifications.note_told(told)
            counts = await self._notifications.count_unread(touched)
            for user_id, count in counts.items():
                rooms = (user_room(user_id), notification_room(user_id))
                self._publisher.publish_to(rooms, "unread_counts", {"notifications": count}, supersedes="unread_counts")
        except Exception as error:  # whatever it was, later changes must still be told
            logger.warning("the unread counts of %d users were not told: %r", len(touched), error)
