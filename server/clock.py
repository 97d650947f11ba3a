"""Time, injectable: monotonic seconds for deadlines, UTC for what people see."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What every timed part of the server asks for the time."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean something."""

    def now(self) -> datetime:
        """Return the present moment in UTC, with its offset."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


def monotonic_at(clock: Clock, moment: datetime) -> float:
    """Return what ``clock.monotonic()`` will be, or was, at ``moment``."""
    return clock.monotonic() + (moment - clock.now()).total_seconds()
