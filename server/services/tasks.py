"""Tasks as their owners have them: asked for, looked at, cancelled, tried again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from server.clock import Clock
from server.domain.ids import is_id
from server.domain.json_values import UNPORTABLE, is_portable
from server.domain.tasks import (
    DEFAULT_PRIORITY,
    MAX_PRIORITY,
    Ending,
    NewTask,
    Task,
    TaskError,
    TaskEvent,
    TaskRecord,
    TaskState,
    Worker,
)
from server.domain.users import Principal, Role
from server.errors import ErrorCode, RequestError
from server.services.task_journal import TaskJournal
from server.services.task_runner import Says, TaskKind, TaskRunner
from server.storage.tasks import TaskRepository

MAX_QUEUED = 1000
"""Waiting tasks of everyone together, for each kind of worker; those who ask at the same moment may pass it."""

MAX_LISTED = 100

_KEY = re.compile(r"[!-~]{1,128}")


class TaskPage(Struct, frozen=True):
    """A part of somebody's tasks, newest first; ``has_more`` says that there are older ones."""

    tasks: Sequence[Task]
    has_more: bool


class TaskService:
    """A task is its owner's and the operators'; to everyone else it is as if there was none."""

    def __init__(
        self,
        tasks: TaskRepository,
        journal: TaskJournal,
        runner: TaskRunner,
        kinds: Mapping[str, TaskKind],
        external_types: Collection[str],
        says: Says,
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._journal = journal
        self._runner = runner
        self._kinds = kinds
        self._external_types = external_types
        self._says = says
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        kind: str,
        params: Mapping[str, Any],
        priority: int = DEFAULT_PRIORITY,
        idempotency_key: str | None = None,
    ) -> Task:
        """Let a task wait for its turn; the same idempotency key again returns the first.

        Raises RequestError: invalid_input, limit_reached, unavailable when too many wait, conflict when the key was
        another task's.
        """
        self._check_asking(principal, priority, idempotency_key)
        new = self._new(kind, params, priority, idempotency_key)
        earlier = await self._tasks.find_by_key(principal.user_id, idempotency_key) if idempotency_key else None
        if earlier is None:
            if await self._tasks.count_queued(new.worker, MAX_QUEUED) >= MAX_QUEUED:
                raise RequestError(ErrorCode.UNAVAILABLE, f"{MAX_QUEUED} tasks wait already; try again later")
            task, is_new = await self._tasks.add(principal.user_id, new, self._clock.now())
            if is_new:
                self._journal.queued(task)
                self._runner.wake()
                return task
            earlier = task
        if (earlier.type, earlier.params) != (new.type, msgspec.json.decode(new.params)):
            raise RequestError(ErrorCode.CONFLICT, "this Idempotency-Key was given with another task")
        return earlier

    async def list(
        self, principal: Principal, state: TaskState | None, kind: str | None, before: str | None, limit: int
    ) -> TaskPage:
        """Return a page of the caller's own tasks; ``before`` is the id of the last of the page before."""
        if before is not None and not is_id(before):
            raise RequestError(ErrorCode.INVALID_INPUT, "before is no id of a task")
        limit = min(limit, MAX_LISTED)
        found = await self._tasks.newest(principal.user_id, state, kind, before, limit + 1)
        return TaskPage(await self._placed(found[:limit]), len(found) > limit)

    async def find(self, principal: Principal, task_id: str) -> TaskRecord:
        """Return a task with all that was told of it, and its place in the line; RequestError (not_found)."""
        record = await self._record(principal, task_id)
        [task] = await self._placed([record.task])
        return TaskRecord(task, record.events)

    async def cancel(self, principal: Principal, task_id: str) -> Task:
        """End a task that is not over; RequestError (not_found, conflict when it is)."""
        record = await self._record(principal, task_id)
        ending = Ending(TaskState.CANCELLED, self._says("tasks.cancelled"), TaskError.CANCELLED.value)
        ended = await self._journal.end(task_id, ending) if record.task.is_open else None
        if ended is None:
            raise RequestError(ErrorCode.CONFLICT, "the task is over already")
        return ended.task

    async def retry(self, principal: Principal, task_id: str) -> Task:
        """Try a task again that failed or was cancelled; RequestError (not_found, conflict, limit_reached)."""
        task = (await self._record(principal, task_id)).task
        if task.type not in self._kinds and task.type not in self._external_types:
            raise RequestError(ErrorCode.CONFLICT, f"there are no tasks of type {task.type} any more")
        message = self._says(_waiting(task.worker))
        queued = None
        if task.state in {TaskState.ERROR, TaskState.CANCELLED}:
            queued = await self._tasks.requeue(task_id, task.owner_id, message, self._clock.now())
        if queued is None:
            raise RequestError(ErrorCode.CONFLICT, "only a task that failed or was cancelled can be tried again")
        self._journal.announce(queued)
        self._journal.queued(queued.task)
        self._runner.wake()
        return queued.task

    async def _record(self, principal: Principal, task_id: str) -> TaskRecord:
        """Return a task with all that was told of it; RequestError (not_found)."""
        before = self._journal.events(task_id)
        record = await self._tasks.find(task_id) if is_id(task_id) else None
        if record is None or not _may_see(principal, record.task):
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such task")
        # What was written while the database was asked stands in one of the three.
        events = {event.seq: event for event in (*before, *record.events, *self._journal.events(task_id))}
        return TaskRecord(_with_newest(record.task, events), [events[seq] for seq in sorted(events)])

    async def _placed(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Tell of each that waits how many come before it; who takes tasks outside takes those of one type."""
        ahead: dict[str, int] = {}
        for worker in {task.worker for task in tasks if task.state is TaskState.QUEUED}:
            before: Counter[str] = Counter()
            for task_id, kind in await self._tasks.line(worker, MAX_QUEUED):
                of_worker = kind if worker is Worker.EXTERNAL else ""
                ahead[task_id] = before[of_worker]
                before[of_worker] += 1
        return [
            msgspec.structs.replace(task, ahead=ahead[task.id])
            if task.state is TaskState.QUEUED and task.id in ahead
            else task
            for task in tasks
        ]

    def _check_asking(self, principal: Principal, priority: int, key: str | None) -> None:
        most = MAX_PRIORITY if principal.role is Role.OPERATOR else DEFAULT_PRIORITY
        if not 0 <= priority <= most:
            raise RequestError(ErrorCode.INVALID_INPUT, f"got the priority {priority}; allowed: 0 to {most}")
        if key is not None and not _KEY.fullmatch(key):
            raise RequestError(ErrorCode.INVALID_INPUT, "an Idempotency-Key has 1 to 128 visible ASCII characters")

    def _new(self, kind: str, params: Mapping[str, Any], priority: int, key: str | None) -> NewTask:
        built_in = self._kinds.get(kind)
        if built_in is None and kind not in self._external_types:
            allowed = ", ".join([*self._kinds, *self._external_types])
            raise RequestError(ErrorCode.INVALID_INPUT, f"unknown type {kind[:40]!r}; allowed: {allowed}")
        if not is_portable(params):
            raise RequestError(ErrorCode.INVALID_INPUT, f"params hold {UNPORTABLE}")
        kept = built_in.check(params) if built_in else params
        worker = Worker.BUILT_IN if built_in else Worker.EXTERNAL
        total = built_in.total_steps if built_in else 0
        return NewTask(kind, worker, msgspec.json.encode(kept), total, self._says(_waiting(worker)), priority, key)


def events_of_attempt(record: TaskRecord, after_seq: int | None) -> list[TaskEvent]:
    """Return what a watcher is told at first: of the present attempt all after ``after_seq``, or the newest alone."""
    newest = record.events[-1]
    if after_seq is None:
        return [newest]
    present = [event for event in record.events if event.attempt == newest.attempt and event.seq > after_seq]
    return present or [newest]


def _may_see(principal: Principal, task: Task) -> bool:
    return task.owner_id == principal.user_id or principal.role is Role.OPERATOR


def _waiting(worker: Worker) -> str:
    return "tasks.queued" if worker is Worker.BUILT_IN else "tasks.waiting"


def _with_newest(task: Task, events: Mapping[int, TaskEvent]) -> Task:
    """Return a running task as far as it has come, of which a part may not be stored yet."""
    newest = events[max(events)]
    if newest.seq <= task.seq or newest.is_last:
        return task
    return msgspec.structs.replace(
        task,
        seq=newest.seq,
        step=newest.step,
        total_steps=newest.total_steps,
        progress=newest.progress,
        message=newest.message,
        text=newest.text,
    )
