"""Runs the built-in tasks: a bounded number at a time, their computing in worker threads."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.domain.tasks import Ending, Message, Stage, Task, TaskError, TaskState, Worker
from server.errors import RequestError
from server.services.task_journal import TaskJournal
from server.storage.tasks import TaskRepository

LEASE_SECONDS = 15.0
"""How long a task outlives the last word of the process that runs it."""

RENEW_SECONDS = 3.0
SWEEP_SECONDS = 1.0
STOP_SECONDS = 3.0
"""How long a stopping server lets tasks finish."""

RETRY_SECONDS = 1.0
MAX_RESULT_BYTES = 1 << 20

_TICK_MS = 250
_DISTANT_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)

T = TypeVar("T")
Says = Callable[..., Message]
"""Returns what people read of a task, by its key in the catalogue and what fills the placeholders."""


class TaskFailedError(Exception):
    """A task cannot be done; ``message`` is for its owner."""

    def __init__(self, error: TaskError, message: Message) -> None:
        super().__init__(message.words)
        self.error = error
        self.message = message


class Workbench(Protocol):
    """What a running task is given."""

    def report(self, step: int, message: Message) -> None:
        """Tell that a step is done."""

    async def compute(self, function: Callable[..., T], *args: Any) -> T:
        """Call a pure function in a worker thread; a task that is stopped meanwhile goes no further."""


class TaskKind(Protocol):
    """A built-in type of task."""

    total_steps: int

    def check(self, params: Mapping[str, Any]) -> object:
        """Return what is kept of the params; RequestError (invalid_input)."""

    async def run(self, params: Any, bench: Workbench) -> object:
        """Do it; return the result, as JSON can carry it. Raises TaskFailedError."""


class RunLimits(NamedTuple):
    """``workers`` run at once; a run that takes longer than ``seconds`` is ended."""

    workers: int = 2
    seconds: float = 300.0


class _Run:
    """One attempt at one task, here."""

    def __init__(self, task: Task, overdue_at: float) -> None:
        self.task = task
        self.overdue_at = overdue_at
        self.stopped_by: TaskError | None = None
        self.is_finishing = False
        self.job: asyncio.Task[None]

    def stop(self, error: TaskError | None) -> None:
        """Go no further than the step under way; None: the task has ended already."""
        if not self.is_finishing:
            self.stopped_by = error
            self.is_finishing = error is not None
            self.job.cancel()


class TaskRunner:
    """Takes waiting tasks by one atomic operation each, so that no two processes run the same.

    A process renews the lease of its tasks; who finds one whose lease ran out marks it interrupted. ``is_alone``: there
    is no other process, so what runs at the start was running when this one's predecessor died.
    """

    def __init__(
        self,
        tasks: TaskRepository,
        journal: TaskJournal,
        kinds: Mapping[str, TaskKind],
        says: Says,
        clock: Clock,
        limits: RunLimits,
        *,
        is_alone: bool = True,
    ) -> None:
        self._tasks = tasks
        self._journal = journal
        self._kinds = kinds
        self._says = says
        self._clock = clock
        self._limits = limits
        self._is_alone = is_alone
        self._id = secrets.token_hex(8)
        self.counts: Mapping[tuple[TaskState, Worker], int] = {}
        """How many tasks were open a moment ago, in all processes; who is not in it counts as none."""
        self._runs: dict[str, _Run] = {}
        self._threads = ThreadPoolExecutor(limits.workers, "task")
        self._work = asyncio.Event()
        self._is_stopping = False
        self._filling: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._swept_at = self._renewed_at = 0.0
        self._timer = PeriodicCallback(self.run_due, _TICK_MS)
        journal.on_end.append(self._stop_run)
        journal.on_lost.append(self._stop_run)

    @property
    def running(self) -> int:
        """How many tasks run here now."""
        return len(self._runs)

    async def start(self) -> None:
        """Mark what a crash left running, then take what waits; RequestError (unavailable)."""
        await self._give_up(Worker.BUILT_IN, _DISTANT_FUTURE if self._is_alone else self._clock.now())
        self._filling = asyncio.get_running_loop().create_task(self._fill())
        self._timer.start()
        self.wake()

    async def stop(self) -> None:
        """Take nothing more, let what runs finish for a moment, and interrupt the rest."""
        self._timer.stop()
        self._is_stopping = True
        self.wake()
        background = [task for task in (self._filling, self._sweeping) if task is not None]
        if background:
            await asyncio.wait(background)
        await self._wait_for_runs()
        for run in tuple(self._runs.values()):
            run.stop(TaskError.INTERRUPTED)
        await self._wait_for_runs()
        for run in tuple(self._runs.values()):  # the database is away: the next start finds them
            run.job.cancel()
        await self._wait_for_runs()
        await self._journal.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _wait_for_runs(self) -> None:
        if self._runs:
            await asyncio.wait([run.job for run in self._runs.values()], timeout=STOP_SECONDS)

    def wake(self) -> None:
        """Look whether something waits."""
        self._work.set()

    def run_due(self) -> None:
        """End what takes too long, write progress, renew leases, look for what others left."""
        now = self._clock.monotonic()
        for run in tuple(self._runs.values()):
            if now >= run.overdue_at:
                run.stop(TaskError.TIMEOUT)
        self._journal.run_due()
        if now - self._swept_at >= SWEEP_SECONDS and (self._sweeping is None or self._sweeping.done()):
            self._swept_at = now
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep(now))

    async def _sweep(self, now: float) -> None:
        try:
            await self._journal.settled()  # signs of life among it
            if self._runs and now - self._renewed_at >= RENEW_SECONDS:
                self._renewed_at = now
                await self._renew()
            for worker in Worker:
                await self._give_up(worker, self._clock.now())
            self.counts = await self._tasks.count_open()
        except Exception as error:  # as above
            logger.warning("tasks were not looked after: %r", error)
        self.wake()

    async def _renew(self) -> None:
        mine = tuple(self._runs)
        held = await self._tasks.keep_alive(mine, self._id, self._lease())
        for task_id in mine:
            if task_id not in held and task_id in self._runs:
                self._stop_run(self._runs[task_id].task)

    async def _give_up(self, worker: Worker, silent_at: datetime) -> None:
        """End the tasks of which nothing was heard in time."""
        error = TaskError.INTERRUPTED if worker is Worker.BUILT_IN else TaskError.LOST
        message = self._says(f"tasks.{error.value}")
        now = self._clock.now()
        while ended := await self._tasks.give_up_one(worker, error, message, now, self._journal.expiry(now), silent_at):
            logger.warning("task %s of type %s: %s", ended.task.id, ended.task.type, error.value)
            self._journal.ended(ended)

    def _lease(self) -> datetime:
        return self._clock.now() + timedelta(seconds=LEASE_SECONDS)

    async def _fill(self) -> None:
        while not self._is_stopping:
            await self._work.wait()
            self._work.clear()
            try:
                while len(self._runs) < self._limits.workers and await self._take():
                    pass
            except Exception as error:  # whatever it was, what waits is looked at again after the next sweep
                logger.warning("no task could be taken: %r", error)

    async def _take(self) -> bool:
        """Run the next task that waits; False when none does, or nothing more is to run."""
        if self._is_stopping:
            return False
        record = await self._tasks.claim(Worker.BUILT_IN, self._kinds, self._id, self._lease(), self._clock.now())
        if record is None:
            return False
        self._journal.open(record)
        run = self._runs[record.task.id] = _Run(record.task, self._clock.monotonic() + self._limits.seconds)
        run.job = asyncio.get_running_loop().create_task(self._run(run))
        run.job.add_done_callback(lambda _: self._forget(run))
        return True

    def _forget(self, run: _Run) -> None:
        del self._runs[run.task.id]
        self.wake()

    def _stop_run(self, task: Task) -> None:
        """Stop a run of a task that has ended, if it is here and not another attempt."""
        run = self._runs.get(task.id)
        if run is not None and run.task.attempts == task.attempts:
            run.stop(None)

    async def _run(self, run: _Run) -> None:
        ending: Ending | None
        try:
            ending = await self._outcome(run.task)
        except asyncio.CancelledError:
            error = run.stopped_by
            ending = None
            if error is not None:
                ending = Ending(TaskState.ERROR, self._says(f"tasks.{error.value}"), error.value)
        run.is_finishing = True
        if ending is not None:
            await self._finish(run.task, ending)

    async def _outcome(self, task: Task) -> Ending:
        kind = self._kinds[task.type]
        bench = _Bench(task.id, kind.total_steps, self._journal, self._threads)
        try:
            result = msgspec.json.encode(await kind.run(task.params, bench))
        except TaskFailedError as failure:
            return Ending(TaskState.ERROR, failure.message, failure.error.value)
        except Exception:
            logger.exception("task %s of type %s failed", task.id, task.type)
            return Ending(TaskState.ERROR, self._says("tasks.internal"), TaskError.INTERNAL.value)
        if len(result) > MAX_RESULT_BYTES:
            logger.error("task %s of type %s has a result of %d bytes", task.id, task.type, len(result))
            return Ending(TaskState.ERROR, self._says("tasks.internal"), TaskError.INTERNAL.value)
        return Ending(TaskState.COMPLETED, self._says("tasks.completed"), result=result)

    async def _finish(self, task: Task, ending: Ending) -> None:
        """Store how it ended, for as long as it takes the database to be there."""
        while True:
            try:
                await self._journal.end(task.id, ending, task.attempts)
            except RequestError as error:
                logger.warning("the end of task %s was not stored yet: %s", task.id, error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return


class _Bench:
    """See `Workbench`."""

    def __init__(self, task_id: str, total_steps: int, journal: TaskJournal, threads: ThreadPoolExecutor) -> None:
        self._task_id = task_id
        self._total_steps = total_steps
        self._journal = journal
        self._threads = threads

    def report(self, step: int, message: Message) -> None:
        """See `Workbench`."""
        done = round(100 * step / self._total_steps, 1)
        self._journal.append(self._task_id, Stage(step, self._total_steps, done, message))

    async def compute(self, function: Callable[..., T], *args: Any) -> T:
        """See `Workbench`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args))
