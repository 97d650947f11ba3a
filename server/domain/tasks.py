"""Long work that somebody asked for: what it is, how far it has come, and how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

from msgspec import UNSET, Struct, UnsetType, structs

from server.domain.known_texts import KnownText

MAX_HISTORY = 500
"""The last so many events of a task are kept."""

MAX_PRIORITY = 9
DEFAULT_PRIORITY = 5


class TaskState(Enum):
    """``queued`` waits for a thread, or for a worker outside; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"


OPEN_STATES = (TaskState.QUEUED, TaskState.RUNNING)


class Worker(Enum):
    """Who does a task: this product's own threads, or a program outside that reports."""

    BUILT_IN = "built-in"
    EXTERNAL = "external"


class TaskError(Enum):
    """Why a task did not complete."""

    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERNAL = "internal"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    NO_DATA = "no_data"
    TIMEOUT = "timeout"


class Message(Struct, frozen=True):
    """What is told of a task: in words, and where the catalogue says it, if it does."""

    words: str
    text: KnownText | UnsetType = UNSET


class TaskEvent(Struct, frozen=True, omit_defaults=True, rename={"kind": "type"}):
    """One thing that was told of a task; ``seq`` grows with each, and begins with 1."""

    seq: int
    attempt: int
    kind: str
    step: int
    total_steps: int
    progress: float
    message: str
    timestamp: datetime
    error: str | UnsetType = UNSET
    text: KnownText | UnsetType = UNSET

    @property
    def is_last(self) -> bool:
        """Whether an attempt ends with it."""
        return self.kind != "progress"


class Task(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A task as its owner sees it; ``params`` and ``result`` are what JSON holds.

    Where ``message`` is the product's own, ``text`` says the same in any language.
    """

    id: str
    owner_id: str
    type: str
    worker: Worker
    state: TaskState
    priority: int
    attempts: int
    seq: int
    step: int
    total_steps: int
    progress: float
    message: str
    text: KnownText | UnsetType = UNSET
    created_at: datetime
    started_at: datetime | UnsetType = UNSET
    finished_at: datetime | UnsetType = UNSET
    error: str | UnsetType = UNSET
    params: Any = UNSET
    result: Any = UNSET
    ahead: int | UnsetType = UNSET
    """While it waits: how many come before it, whoever's they are."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def listed(self) -> Task:
        """Return it as lists show it: without the result, and without what only a worker outside understands."""
        params = self.params if self.worker is Worker.BUILT_IN else UNSET
        return structs.replace(self, params=params, result=UNSET)


class TaskRecord(Struct, frozen=True):
    """A task with all that was told of it and is still kept, the oldest first."""

    task: Task
    events: list[TaskEvent]


class NewTask(Struct, frozen=True):
    """What somebody asks for; ``params`` is JSON."""

    type: str
    worker: Worker
    params: bytes
    total_steps: int
    message: Message
    priority: int = DEFAULT_PRIORITY
    idempotency_key: str | None = None


class Ending(Struct, frozen=True):
    """How an attempt ends; ``result`` is JSON, ``error`` a slug."""

    state: TaskState
    message: Message
    error: str | None = None
    result: bytes | None = None


class Stage(Struct, frozen=True):
    """How far an attempt has come: ``progress`` is 0 to 100."""

    step: int
    total_steps: int
    progress: float
    message: Message


def told(task_id: str, event: TaskEvent, result: Any = UNSET) -> dict[str, Any]:
    """Return what watchers of a task get for one of its events, before its times become text."""
    data: dict[str, Any] = {
        "task_id": task_id,
        "message": event.message,
        "step": event.step,
        "total_steps": event.total_steps,
        "progress": event.progress,
        "timestamp": event.timestamp,
        "seq": event.seq,
        "attempt": event.attempt,
    }
    if event.text is not UNSET:
        data["text"] = event.text
    if event.error is not UNSET:
        data["error"] = event.error
    if event.kind == "completed":
        data["result"] = None if result is UNSET else result
    return {"type": event.kind, "data": data}
