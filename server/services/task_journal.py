"""What is told of tasks: to watchers at once, to the database a moment later, and their ends."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET

from server.clock import Clock
from server.domain.payloads import to_payload
from server.domain.rooms import task_room, user_room
from server.domain.tasks import MAX_HISTORY, Ending, Stage, Task, TaskEvent, TaskRecord, told
from server.realtime.hub import Publisher
from server.storage.tasks import TaskRepository

WRITE_SECONDS = 1.0
"""Between two writes of a task's progress; a new step is written at once."""

MAX_UNWRITTEN = MAX_HISTORY

logger = logging.getLogger(__name__)


class _Live:
    """A task that runs here, or whose worker reports here."""

    def __init__(self, record: TaskRecord, lifetime: timedelta | None) -> None:
        self.task = record.task
        self.seq = record.task.seq
        self.step = record.task.step
        self.lifetime = lifetime
        """How long the task lives on after a word of its worker; None: its process says so otherwise."""
        self.events = deque(record.events, MAX_HISTORY)
        self.unwritten: list[TaskEvent] = []
        self.written_at = 0.0
        self.is_urgent = False
        self.is_ending = False
        self.writing: asyncio.Task[None] | None = None


class TaskJournal:
    """Numbers the events of the tasks that run here, publishes each, and writes them in batches.

    The database decides how a task ends: the first to end it there does, and tells of it; everyone else finds it
    ended. What a crash loses is the progress of the last second.
    """

    def __init__(self, tasks: TaskRepository, publisher: Publisher, clock: Clock, retention: timedelta) -> None:
        self._tasks = tasks
        self._publisher = publisher
        self._clock = clock
        self._retention = retention
        self._live: dict[str, _Live] = {}
        self.on_end: list[Callable[[Task], None]] = []
        """Are told of every task that is ended here."""
        self.on_lost: list[Callable[[Task], None]] = []
        """Are told of every task that was found to be ended elsewhere."""

    def __len__(self) -> int:
        return len(self._live)

    def open(self, record: TaskRecord, lifetime: timedelta | None = None) -> None:
        """Keep the journal of a task that runs, if it is not kept already."""
        live = self._live.get(record.task.id)
        if live is None or live.task.attempts < record.task.attempts:
            self._live[record.task.id] = _Live(record, lifetime)

    def attempt_of(self, task_id: str) -> int | None:
        """Return the attempt whose journal is kept, if one is."""
        live = self._live.get(task_id)
        return live.task.attempts if live and not live.is_ending else None

    def events(self, task_id: str) -> list[TaskEvent]:
        """Return what is known here of a task's events, written or not."""
        live = self._live.get(task_id)
        return list(live.events) if live else []

    def append(self, task_id: str, stage: Stage) -> None:
        """Tell how far a task has come; nothing when its journal is not kept."""
        live = self._live.get(task_id)
        if live is None or live.is_ending:
            return
        live.seq += 1
        event = TaskEvent(
            live.seq,
            live.task.attempts,
            "progress",
            stage.step,
            stage.total_steps,
            stage.progress,
            stage.message.words,
            self._clock.now(),
            text=stage.message.text,
        )
        live.events.append(event)
        live.unwritten.append(event)
        del live.unwritten[:-MAX_UNWRITTEN]
        self._publish(task_id, event)
        if stage.step != live.step:
            live.step = stage.step
            live.is_urgent = True
        self._write_if_due(live)

    def announce(self, record: TaskRecord) -> None:
        """Publish the newest event of a task that is stored."""
        self._publish(record.task.id, record.events[-1], record.task.result)

    def queued(self, task: Task) -> None:
        """Tell all devices of its owner that a task waits, anew or again."""
        self._publisher.publish(user_room(task.owner_id), "task_queued", {"task": to_payload(task.listed())})

    def run_due(self) -> None:
        """Write what has waited long enough."""
        for live in tuple(self._live.values()):
            self._write_if_due(live)

    async def end(self, task_id: str, ending: Ending, attempt: int | None = None) -> TaskRecord | None:
        """End a task that is open (this attempt of it); None when somebody else did.

        Raises RequestError (unavailable), and everything is as it was.
        """
        live = self._live.get(task_id)
        if live is not None:
            live.is_ending = True
        now = self._clock.now()
        try:
            if live is not None and live.writing is not None:
                await asyncio.wait([live.writing])
            unwritten = live.unwritten if live is not None else None
            expires_at = self.expiry(now)
            ended = await self._tasks.end(task_id, ending, now, expires_at, attempt=attempt, unwritten=unwritten)
        finally:
            if live is not None:
                live.is_ending = False
        if ended is not None:
            self.ended(ended)
        return ended

    def ended(self, record: TaskRecord) -> None:
        """Tell of a task that was ended in the database."""
        if self.attempt_of(record.task.id) == record.task.attempts:  # not when it is tried again by now
            del self._live[record.task.id]
        self.announce(record)
        for listener in self.on_end:
            listener(record.task)

    def expiry(self, now: datetime) -> datetime:
        """Return until when a task is kept that ends now."""
        return now + self._retention

    async def close(self) -> None:
        """Write what is left, as far as the database takes it."""
        for live in tuple(self._live.values()):
            live.is_urgent = True
            self._write_if_due(live)
        await self.settled()

    async def settled(self) -> None:
        """Wait for what is being written."""
        writing = [live.writing for live in self._live.values() if live.writing is not None]
        if writing:
            await asyncio.wait(writing)

    def _publish(self, task_id: str, event: TaskEvent, result: Any = UNSET) -> None:
        self._publisher.publish(task_room(task_id), "task_progress", to_payload(told(task_id, event, result)))

    def _write_if_due(self, live: _Live) -> None:
        waited = self._clock.monotonic() - live.written_at
        if live.unwritten and live.writing is None and (live.is_urgent or waited >= WRITE_SECONDS):
            live.writing = asyncio.get_running_loop().create_task(self._write(live))

    async def _write(self, live: _Live) -> None:
        batch, live.unwritten = live.unwritten, []
        live.is_urgent = False
        live.written_at = self._clock.monotonic()
        task = live.task
        alive_until = self._clock.now() + live.lifetime if live.lifetime is not None else None
        try:
            runs = await self._tasks.write_events(task.id, task.attempts, batch, alive_until)
        except Exception as error:  # whatever it was, what comes later must still be written
            logger.warning("progress of task %s was not stored yet: %r", task.id, error)
            live.unwritten = [*batch, *live.unwritten][-MAX_UNWRITTEN:]
            runs = True
        finally:
            live.writing = None
        if not runs:
            self._lose(live)
        elif live.is_urgent and not live.is_ending:
            self._write_if_due(live)

    def _lose(self, live: _Live) -> None:
        """Let go of a task that is ended already."""
        if self._live.get(live.task.id) is live:
            del self._live[live.task.id]
        for listener in self.on_lost:
            listener(live.task)
