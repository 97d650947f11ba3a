"""Notifications of messages count as read when the conversation has been read."""

from __future__ import annotations

import asyncio
import logging

from server.services.notifications import NotificationService

logger = logging.getLogger(__name__)

MAX_PENDING = 20_000


class ReadNotices:
    """What is read while one write is under way forms the next; beyond a limit it stays in the list as unread."""

    def __init__(self, notifications: NotificationService) -> None:
        self._notifications = notifications
        self._read: set[tuple[str, str]] = set()
        self._running: asyncio.Task[None] | None = None

    def take(self, user_id: str, conversation_id: str) -> None:
        """Note that a member has read all of a conversation."""
        if len(self._read) < MAX_PENDING:
            self._read.add((user_id, conversation_id))
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Write what is left."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        while self._read:
            read, self._read = self._read, set()
            try:
                await self._notifications.mark_conversations_read(read)
            except Exception as error:  # whatever it was, what is read later must still be marked
                logger.warning("notifications of %d conversations stay unread: %r", len(read), error)
        self._running = None
