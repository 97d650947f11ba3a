"""How late the event loop is: whoever blocks it makes everybody wait."""

from __future__ import annotations

import logging

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.metrics import Histogram

INTERVAL_SECONDS = 0.25
WARN_SECONDS = 1.0

logger = logging.getLogger(__name__)


class LoopLag:
    """Looks at the time at even intervals: what one takes longer, the loop was busy with something else."""

    def __init__(self, clock: Clock) -> None:
        self.times = Histogram()
        self.latest = 0.0
        self._clock = clock
        self._looked_at = clock.monotonic()
        self._timer = PeriodicCallback(self.look, INTERVAL_SECONDS * 1000)

    def start(self) -> None:
        """Begin to look."""
        self._looked_at = self._clock.monotonic()
        self._timer.start()

    def stop(self) -> None:
        """Look no longer."""
        self._timer.stop()

    def look(self) -> None:
        """Note how much later it is than it should be."""
        now = self._clock.monotonic()
        self.latest = max(0.0, now - self._looked_at - INTERVAL_SECONDS)
        self._looked_at = now
        self.times.observe(self.latest)
        if self.latest >= WARN_SECONDS:
            logger.warning("the event loop stood still for %.1f s; something blocks it", self.latest)
