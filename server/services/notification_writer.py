"""Writes notifications in batches: what arrives while one write is under way forms the next."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from server.domain.notifications import JobStep, NotificationDraft, StoredNotification, seq_of
from server.domain.payloads import to_payload
from server.domain.rooms import notification_room, user_room
from server.errors import ErrorCode, RequestError
from server.realtime.hub import WidePublisher
from server.services.unread_counts import UnreadCounts
from server.storage.notifications import NotificationRepository

logger = logging.getLogger(__name__)

MAX_BATCH = 200
MAX_QUEUED = 20_000


class _Entry(NamedTuple):
    drafts: Sequence[NotificationDraft]
    step: JobStep | None
    written: asyncio.Future[None]


class NotificationWriter:
    """Stores, then publishes: once for each notification, in the order of each user's numbers."""

    def __init__(self, notifications: NotificationRepository, publisher: WidePublisher, counts: UnreadCounts) -> None:
        self._notifications = notifications
        self._publisher = publisher
        self._counts = counts
        self._queue: deque[_Entry] = deque()
        self._queued = 0
        self._running: asyncio.Task[None] | None = None

    async def write(self, drafts: Sequence[NotificationDraft], step: JobStep | None = None) -> None:
        """Store all or none, and publish; RequestError (unavailable).

        A caller that is cancelled does not take them back.
        """
        if self._queued + len(drafts) > MAX_QUEUED:
            raise RequestError(ErrorCode.UNAVAILABLE, "too many notifications wait to be stored")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Entry(drafts, step, written))
        self._queued += len(drafts)
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())
        await written

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._running is not None and not self._running.done():
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        while self._queue:
            entries = self._take()
            error = await self._store(entries)
            for entry in entries:
                if entry.written.done():
                    continue
                if error is None:
                    entry.written.set_result(None)
                else:
                    entry.written.set_exception(error)

    def _take(self) -> list[_Entry]:
        """Take entries for one batch; a step of a job is one of its own."""
        entries = [self._queue.popleft()]
        size = len(entries[0].drafts)
        while self._queue and entries[0].step is None and self._queue[0].step is None:
            size += len(self._queue[0].drafts)
            if size > MAX_BATCH:
                break
            entries.append(self._queue.popleft())
        self._queued -= sum(len(entry.drafts) for entry in entries)
        return entries

    async def _store(self, entries: list[_Entry]) -> RequestError | None:
        drafts = [draft for entry in entries for draft in entry.drafts]
        try:
            self._publish(await self._notifications.add(drafts, entries[0].step))
        except RequestError as error:
            return error
        except Exception:
            logger.exception("a batch of %d notifications could not be written", len(drafts))
            return RequestError(ErrorCode.INTERNAL)
        return None

    def _publish(self, stored: Sequence[StoredNotification]) -> None:
        for one in stored:
            rooms = (user_room(one.user_id), notification_room(one.user_id))
            if one.replaced is not None:
                self._publisher.publish_to(rooms, "notifications_removed", {"ids": [one.replaced]})
            if not one.silent:
                self._publisher.publish_to(rooms, "notification", to_payload(one.notification))
            self._counts.touch(one.user_id, seq_of(one.notification.id))
