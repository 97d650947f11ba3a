"""What an operator knows of a running process: its connections, its figures, how it feels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from server.operation.exposition import Exposition
from server.operation.loop_lag import LoopLag
from server.operation.readings import Reading
from server.realtime.census import Census
from server.realtime.runtime import Runtime


class Operation:
    """Made with the runtime; what is made later adds its readings."""

    def __init__(self, runtime: Runtime, version: str = "") -> None:
        self.version = version
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
        users, queued = set(), 0
        for one in self.census.all():
            connections[one.transport] = connections.get(one.transport, 0) + 1
            users.add(one.identity)
            queued += one.queued_bytes
        return {
            "uptime_seconds": round(self.uptime_seconds, 1),
            "connections": connections,
            "users": len(users - {None}),
            "rooms": len(self._runtime.hub.rooms()),
            "queued_bytes": queued,
            "loop_lag_seconds": round(self.loop_lag.latest, 4),
            "totals": self.metrics.totals(),
            "readings": {reading.name: reading.read() for reading in self.readings},
        }
