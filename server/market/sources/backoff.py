"""How long to leave a source alone that failed."""

from __future__ import annotations

from random import Random

from server.clock import Clock

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
_MAX_DOUBLINGS = 20


class Backoff:
    """Twice as long after each failure in a row, and half of it by chance, so that servers do not come back at once."""

    def __init__(self, clock: Clock, chance: Random) -> None:
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._until = clock.monotonic()

    @property
    def remaining(self) -> float:
        """The seconds to wait still; 0.0 when a try is due."""
        return max(self._until - self._clock.monotonic(), 0.0)

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        delay = min(FIRST_SECONDS * 2 ** min(self._failures, _MAX_DOUBLINGS), LONGEST_SECONDS)
        self._failures += 1
        self._until = self._clock.monotonic() + delay * self._chance.uniform(0.5, 1.0)
