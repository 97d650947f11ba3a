"""Programs outside that do tasks and report how far they have come."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec

from server.clock import Clock
from server.domain.ids import is_id
from server.domain.json_values import UNPORTABLE, is_portable
from server.domain.tasks import Ending, Message, Stage, Task, TaskError, TaskRecord, TaskState, Worker
from server.errors import ErrorCode, RequestError
from server.services.task_journal import TaskJournal
from server.services.task_runner import Says
from server.storage.tasks import TaskRepository


class TaskWorkerService:
    """What a worker says keeps its task alive for ``silence``; then the task is lost.

    All that is reported of one attempt should come to one process, which numbers it.
    """

    def __init__(
        self,
        tasks: TaskRepository,
        journal: TaskJournal,
        types: Collection[str],
        says: Says,
        clock: Clock,
        silence: timedelta,
    ) -> None:
        self._tasks = tasks
        self._journal = journal
        self._types = types
        self._says = says
        self._clock = clock
        self._silence = silence

    async def claim(self, types: Collection[str]) -> Task | None:
        """Take the next waiting task of one of these types, if there is one; RequestError (invalid_input)."""
        unknown = sorted(set(types) - set(self._types))
        if unknown:
            allowed = ", ".join(self._types) or "none (see external_task_types)"
            raise RequestError(ErrorCode.INVALID_INPUT, f"unknown type {unknown[0][:40]!r}; allowed: {allowed}")
        now = self._clock.now()
        wanted = types or self._types
        record = await self._tasks.claim(Worker.EXTERNAL, wanted, _worker_id(), now + self._silence, now)
        if record is None:
            return None
        self._journal.open(record, self._silence)
        return record.task

    async def progress(self, task_id: str, stage: Stage, attempt: int | None) -> None:
        """Tell how far a task has come; the first word lets a waiting one run.

        Raises RequestError: not_found, conflict when this attempt is over, which is how a worker hears of it.
        """
        if self._journal.attempt_of(task_id) is None:
            await self._open(task_id)
        present = self._journal.attempt_of(task_id)
        if present is None or (attempt is not None and attempt != present):
            raise _over("another attempt, or its end, was begun")
        self._journal.append(task_id, stage)

    async def complete(self, task_id: str, result: Any, message: str | None, attempt: int | None) -> Task:
        """End a task with its result; once more changes nothing. RequestError as `progress`."""
        if not is_portable(result):
            raise RequestError(ErrorCode.INVALID_INPUT, f"the result holds {UNPORTABLE}")
        said = self._own_words(message, "tasks.completed")
        ending = Ending(TaskState.COMPLETED, said, result=msgspec.json.encode(result))
        return await self._end(task_id, ending, attempt)

    async def fail(self, task_id: str, error: str | None, message: str | None, attempt: int | None) -> Task:
        """End a task with an error; once more changes nothing. RequestError as `progress`."""
        slug = error or TaskError.FAILED.value
        ending = Ending(TaskState.ERROR, self._own_words(message, "tasks.failed"), slug)
        return await self._end(task_id, ending, attempt)

    def _own_words(self, words: str | None, key: str) -> Message:
        """Return what a worker says, or what the product does when it says nothing."""
        return Message(words) if words else self._says(key)

    async def _end(self, task_id: str, ending: Ending, attempt: int | None) -> Task:
        record = await self._find(task_id)
        if record.task.is_open:
            ended = await self._journal.end(task_id, ending, attempt)
            if ended is not None:
                return ended.task
            record = await self._find(task_id)
        task = record.task
        is_same = task.state is ending.state and (ending.error is None or task.error == ending.error)
        if not is_same or (attempt is not None and attempt != task.attempts):
            raise _over(f"it is {task.state.value}")
        return task

    async def _open(self, task_id: str) -> None:
        """Begin to keep the journal of a task of a worker outside."""
        now = self._clock.now()
        record = await self._find(task_id)
        if record.task.state is TaskState.QUEUED:
            await self._tasks.start(task_id, _worker_id(), self._alive_until(now), now)
            record = await self._find(task_id)
        if record.task.state is not TaskState.RUNNING:
            raise _over(f"it is {record.task.state.value}")
        self._journal.open(record, self._silence)

    def _alive_until(self, now: datetime) -> datetime:
        return now + self._silence

    async def _find(self, task_id: str) -> TaskRecord:
        record = await self._tasks.find(task_id) if is_id(task_id) else None
        if record is None or record.task.worker is not Worker.EXTERNAL:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such task for workers outside")
        return record


def _worker_id() -> str:
    return f"worker {secrets.token_hex(4)}"


def _over(why: str) -> RequestError:
    return RequestError(ErrorCode.CONFLICT, f"this attempt is over: {why}")
