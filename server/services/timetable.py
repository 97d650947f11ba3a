"""What is due at certain moments, from one PeriodicCallback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.market.schedule import Schedule

TICK_SECONDS = 0.25

logger = logging.getLogger(__name__)

Act = Callable[[], Awaitable[object]]


class Timetable:
    """Does each thing when its schedule says so, never twice at once: what is still busy when due again is skipped.

    Moments are those of the wall clock. One that was missed, as in a sleep of the machine, is made up for once.
    """

    def __init__(self, clock: Clock, tick_seconds: float = TICK_SECONDS) -> None:
        self._clock = clock
        self._entries: list[_Entry] = []
        self._timer = PeriodicCallback(self.run_due, tick_seconds * 1000)

    def add(self, name: str, schedule: Schedule, act: Act, *, at_once: bool = False) -> None:
        """Let ``act`` be called at each moment of ``schedule`` from now on, ``at_once`` at the start too."""
        self._entries.append(_Entry(name, schedule, act, self._clock.now(), at_once))

    def start(self) -> None:
        self._timer.start()
        self.run_due()

    async def stop(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._timer.stop()
        await self.finish()

    def run_due(self) -> None:
        """Begin what is due now."""
        now = self._clock.now()
        for entry in self._entries:
            entry.run_due(now)

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*(entry.task for entry in self._entries if entry.task is not None))


class _Entry:
    """One line of the timetable."""

    def __init__(self, name: str, schedule: Schedule, act: Act, now: datetime, at_once: bool) -> None:
        self.task: asyncio.Task[None] | None = None
        self._name = name
        self._schedule = schedule
        self._act = act
        self._seen = now
        self._due = now if at_once else schedule.next_push(now)

    def run_due(self, now: datetime) -> None:
        if now < self._seen:  # the clock was set back
            self._due = self._schedule.next_push(now)
        self._seen = now
        if now < self._due:
            return
        self._due = self._schedule.next_push(now)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._act()
        except Exception:  # it is done again when it is due again
            logger.exception("%s failed", self._name)
