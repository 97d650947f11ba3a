"""Tasks that do what a test says, and everything that runs them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from server.domain.known_texts import KnownText, Value
from server.domain.tasks import Message, TaskError, TaskRecord
from server.domain.users import Principal, Role
from server.errors import RequestError
from server.services.task_journal import TaskJournal
from server.services.task_runner import RunLimits, TaskFailedError, TaskRunner, Workbench
from server.services.task_workers import TaskWorkerService
from server.services.tasks import TaskService
from server.storage.documents import Database, new_id
from server.storage.repositories import Repositories
from tests.support.clock import FakeClock
from tests.support.community import RecordingPublisher

PATIENCE_SECONDS = 30.0
EXTERNAL = "training"
EXTERNAL_TYPES = (EXTERNAL, "backtest")


class StepByStep:
    """A built-in type whose tasks make one step for each `step`, and fail, or finish, as their params say."""

    total_steps = 3

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.running = 0
        self.most_running = 0
        self._steps = asyncio.Semaphore(0)

    def step(self, count: int = 1) -> None:
        """Let so many steps be done, by whichever task."""
        for _ in range(count):
            self._steps.release()

    def check(self, params: Mapping[str, Any]) -> object:
        return dict(params)

    async def run(self, params: Any, bench: Workbench) -> object:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.begun.put_nowait(params.get("name", ""))
        try:
            for number in range(1, self.total_steps + 1):
                await self._steps.acquire()
                if params.get("fails") == "told":
                    raise TaskFailedError(TaskError.NO_DATA, Message("nothing there"))
                if params.get("fails") == "oddly":
                    raise ZeroDivisionError
                thread = await bench.compute(lambda: threading.current_thread().name)
                bench.report(number, Message(f"step {number}"))
            return {"name": params.get("name"), "thread": thread}
        finally:
            self.running -= 1


class Workshop:
    """Runner, journal and services over one database; another one is another process."""

    def __init__(
        self, database: Database, clock: FakeClock | None = None, *, workers: int = 2, is_alone: bool = True
    ) -> None:
        self.clock = clock or FakeClock()
        self.tasks = Repositories(database).tasks
        self.collection = database["tasks"]
        self.publisher = RecordingPublisher()
        self.kind = StepByStep()
        self.journal = TaskJournal(self.tasks, self.publisher, self.clock, timedelta(days=30))
        kinds = {"steps": self.kind}
        limits = RunLimits(workers, 60.0)
        self.runner = TaskRunner(self.tasks, self.journal, kinds, _says, self.clock, limits, is_alone=is_alone)
        self.service = TaskService(self.tasks, self.journal, self.runner, kinds, EXTERNAL_TYPES, _says, self.clock)
        self.workers = TaskWorkerService(
            self.tasks, self.journal, EXTERNAL_TYPES, _says, self.clock, timedelta(seconds=60)
        )

    async def ask(self, principal: Principal, name: str = "", kind: str = "steps", **more: Any) -> str:
        """Create a task; return its id."""
        params = {"name": name, **more.pop("params", {})}
        return (await self.service.create(principal, kind, params, **more)).id

    async def begun(self) -> str:
        """Return the name of the next task that begins."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.kind.begun.get()

    async def told(self, task_id: str, count: int = 1, kind: str | None = None) -> list[Any]:
        """Wait until so many events (of a kind) of a task are published; return them."""

        def events() -> list[Any]:
            of_task = [event for event in self.publisher.of("task_progress") if event["data"]["task_id"] == task_id]
            return [event for event in of_task if kind in {None, event["type"]}]

        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.publisher.until(lambda: len(events()) >= count)
        return events()

    async def stored(self, task_id: str) -> TaskRecord:
        record = await self.tasks.find(task_id)
        assert record is not None
        return record

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and do what is due then."""
        self.clock.advance(seconds)
        self.runner.run_due()
        await self.settle()

    async def settle(self) -> None:
        """Wait for what is being written or swept."""
        if self.runner._sweeping is not None:
            await asyncio.wait([self.runner._sweeping])
        await self.journal.settled()


async def two_tasks(database: Database, service: TaskService, owner: Principal) -> dict[str, str]:
    """Let somebody have one task that waits and one that failed, and nobody any others; return their ids."""
    await database["tasks"].delete_many({})
    waiting, failed = [await service.create(owner, EXTERNAL, {}) for _ in range(2)]
    await service.cancel(owner, failed.id)
    return {"task": waiting.id, "failed_task": failed.id}


def principal(name: str = "alice", role: Role = Role.MEMBER, clock: FakeClock | None = None) -> Principal:
    """Return somebody of whom tasks know the id alone."""
    until = (clock or FakeClock()).now() + timedelta(minutes=30)
    return Principal(new_id(), name, new_id(), until, role)


async def code_of(call: Any) -> str:
    """Return the slug of the error that a call raises, or ``ok``."""
    try:
        await call
    except RequestError as error:
        return error.code.slug
    return "ok"


def _says(key: str, **values: Value) -> Message:
    return Message(key, KnownText(key, values))
