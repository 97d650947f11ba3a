"""What an operator knows of a running process: its connections, its figures, how it feels."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from server.metrics import Histogram
from server.operation.exposition import Exposition
from server.operation.loop_lag import LoopLag
from server.operation.readings import Reading
from server.realtime.census import Census
from server.realtime.runtime import Runtime


class Operation:
    """Made with the runtime; what is made later adds its readings. ``settings`` bear no secret."""

    def __init__(self, runtime: Runtime, version: str = "", settings: Sequence[Mapping[str, Any]] = ()) -> None:
        self.version = version
        self.settings = settings
        self.metrics = runtime.metrics
        self.census = Census(runtime)
        self.loop_lag = LoopLag(runtime.clock)
        self.readings: list[Reading] = []
        self.exposition = Exposition(runtime, self.census, self.loop_lag, self.readings)
        self._runtime = runtime
        self._began_at = runtime.clock.monotonic()

    def add(self, readings: Iterable[Reading]) -> None:
        """Tell these figures, too."""
        self.readings += readings

    @property
    def uptime_seconds(self) -> float:
        return self._runtime.clock.monotonic() - self._began_at

    def overview(self) -> dict[str, Any]:
        """Return the figures of now, and the totals since start."""
        connections: dict[str, int] = {}
        users, queued, largest = set(), 0, 0
        for one in self.census.all():
            connections[one.transport] = connections.get(one.transport, 0) + 1
            users.add(one.identity)
            queued += one.queued_bytes
            largest = max(largest, one.queued_bytes)
        return {
            "process": {
                "id": self._runtime.ids.name(0).partition("-")[0],
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "version": self.version,
                "memory_bytes": resident_bytes(),
                "cpu_seconds": round(time.process_time(), 3),
            },
            "uptime_seconds": round(self.uptime_seconds, 1),
            "connections": connections,
            "users": len(users - {None}),
            "rooms": len(self._runtime.hub.rooms()),
            "queued_bytes": queued,
            "queued_largest_bytes": largest,
            "loop_lag_seconds": round(self.loop_lag.latest, 4),
            "commands": {
                "database": _commands(self.metrics.database_times, self.metrics.database_failures),
                "redis": _commands(self.metrics.redis_times, self.metrics.redis_failures),
            },
            "opens": dict(self.metrics.opens),
            "closes": self._closes(),
            "totals": self.metrics.totals(),
            "readings": {reading.name: reading.read() for reading in self.readings},
        }

    def _closes(self) -> dict[str, int]:
        """Return how many clients went since start, by reason."""
        reasons: Counter[str] = Counter()
        for (_, reason), count in self.metrics.closes.items():
            reasons[reason] += count
        return dict(reasons)


def _commands(times: Mapping[str, Histogram], failures: Mapping[str, int]) -> dict[str, float]:
    """Return how many commands there were since start, and how long they took together."""
    histograms = tuple(times.values())
    return {
        "count": sum(sum(histogram.counts) for histogram in histograms),
        "seconds": round(sum(histogram.total for histogram in histograms), 6),
        "failures": sum(failures.values()),
    }


def resident_bytes() -> int:
    """Return the memory that the process has now; where the system does not say, the most that it had."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
