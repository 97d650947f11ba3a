"""Every deadline of the process in one structure, driven by one PeriodicCallback."""

from __future__ import annotations

import logging
from typing import Protocol

from tornado.ioloop import PeriodicCallback

from server.clock import Clock

logger = logging.getLogger(__name__)

NEVER = 0
"""`Expirable.wakes_at` of an entry that is not scheduled."""


class Expirable(Protocol):
    """Something with a deadline."""

    wakes_at: int
    """The tick it is scheduled for, kept by `Deadlines`; `NEVER` at first."""

    def on_deadline(self, now: float) -> float | None:
        """Do what is due at ``now``; return the next deadline, or None."""


class Deadlines:
    """A wheel of ticks. Scheduling is a dictionary entry, so that ten thousand heartbeats cost no timers.

    An entry has one place: scheduling it again moves it, earlier or later. Nothing wakes before its time, and
    at most about one tick after it.
    """

    def __init__(self, clock: Clock, tick_seconds: float = 0.1) -> None:
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._buckets: dict[int, dict[Expirable, None]] = {}
        self._last_tick = self._tick(clock.monotonic())
        self._callback = PeriodicCallback(self.run_due, tick_seconds * 1000)

    def _tick(self, when: float) -> int:
        return int(when / self._tick_seconds)

    def start(self) -> None:
        """Begin to wake entries."""
        self._callback.start()

    def stop(self) -> None:
        """Stop; what is scheduled stays."""
        self._callback.stop()

    def at(self, when: float, entry: Expirable) -> None:
        """Wake ``entry`` at ``when`` (monotonic seconds) instead of at its time before."""
        tick = max(self._tick(when), self._last_tick) + 1
        if entry.wakes_at != tick:
            self.cancel(entry)
            entry.wakes_at = tick
            self._buckets.setdefault(tick, {})[entry] = None

    def cancel(self, entry: Expirable) -> None:
        """Forget ``entry``, if it is scheduled."""
        bucket = self._buckets.get(entry.wakes_at)
        if bucket is not None:
            bucket.pop(entry, None)
            if not bucket:
                del self._buckets[entry.wakes_at]
        entry.wakes_at = NEVER

    def run_due(self) -> None:
        """Wake all whose time has come; an error of one is logged and spares the others."""
        now = self._clock.monotonic()
        tick = self._tick(now)
        if tick - self._last_tick > len(self._buckets):  # after a pause: look at what there is, not at each tick
            due = sorted(key for key in self._buckets if key <= tick)
        else:
            due = [key for key in range(self._last_tick + 1, tick + 1) if key in self._buckets]
        self._last_tick = tick
        for key in due:
            for entry in self._buckets.pop(key, {}):
                if entry.wakes_at == key:  # not cancelled or moved by one woken before it
                    entry.wakes_at = NEVER
                    self._wake(entry, now)

    def _wake(self, entry: Expirable, now: float) -> None:
        try:
            following = entry.on_deadline(now)
        except Exception:
            logger.exception("a deadline failed")
            return
        if following is not None:
            self.at(following, entry)
