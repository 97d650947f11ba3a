"""The parts of everything about tasks, each given what it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import NamedTuple

from server.clock import Clock
from server.domain.known_texts import KnownText, Value
from server.domain.tasks import Message
from server.market.instruments import InstrumentTable
from server.realtime.hub import Publisher
from server.services.analysis_task import AnalysisTask, DailyBars
from server.services.task_journal import TaskJournal
from server.services.task_runner import RunLimits, TaskKind, TaskRunner
from server.services.task_workers import TaskWorkerService
from server.services.tasks import TaskService
from server.storage.tasks import TaskRepository


class TaskLimits(NamedTuple):
    """``silence`` is how long a worker outside may say nothing, ``retention`` how long a task is kept."""

    runs: RunLimits = RunLimits()
    silence: timedelta = timedelta(seconds=60)
    retention: timedelta = timedelta(days=30)


DEFAULT_LIMITS = TaskLimits()


class TaskAssembly:
    """The service for owners and the one for workers, with the runner, which is to be started and stopped."""

    def __init__(
        self,
        tasks: TaskRepository,
        bars: DailyBars,
        instruments: InstrumentTable,
        external_types: Collection[str],
        text: Callable[..., str],
        publisher: Publisher,
        clock: Clock,
        limits: TaskLimits = DEFAULT_LIMITS,
    ) -> None:
        def says(key: str, **values: Value) -> Message:
            return Message(text(key, **values), KnownText(key, values))

        kinds: dict[str, TaskKind] = {"analysis": AnalysisTask(bars, instruments, says)}
        self.journal = TaskJournal(tasks, publisher, clock, limits.retention)
        self.runner = TaskRunner(tasks, self.journal, kinds, says, clock, limits.runs)
        self.service = TaskService(tasks, self.journal, self.runner, kinds, external_types, says, clock)
        self.workers = TaskWorkerService(tasks, self.journal, external_types, says, clock, limits.silence)
