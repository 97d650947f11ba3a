"""Plain counters: the hot path adds to them, a scrape and an operator's page read them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from threading import Lock

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of every histogram of times."""

MAX_LABELS = 200
"""What is counted by name has at most so many names; the rest together is ``other``."""


class Histogram:
    """How many values were at most each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metrics:
    """Totals since start."""

    __slots__ = (
        "_lock",
        "bytes_in",
        "bytes_out",
        "closes",
        "connections_closed",
        "connections_opened",
        "database_failures",
        "database_times",
        "dropped_messages",
        "event_times",
        "events_in",
        "http_requests",
        "messages_out",
        "opens",
        "peer_errors",
        "polling_requests",
        "redis_failures",
        "redis_times",
        "refused_requests",
        "slow_consumer_closes",
        "unknown_sids",
        "upgrades",
    )

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)
        self._lock = Lock()
        self.opens: dict[str, int] = {}
        """Clients by the transport they came with."""
        self.closes: dict[tuple[str, str], int] = {}
        """Clients by the transport they had last, and why they went."""
        self.http_requests: dict[tuple[str, str], int] = {}
        """What Tornado answered, by route and class of status."""
        self.event_times: dict[str, Histogram] = {}
        """How long handlers of events took, by event."""
        self.database_times: dict[str, Histogram] = {}
        """How long the database took, by command."""
        self.database_failures: dict[str, int] = {}
        self.redis_times: dict[str, Histogram] = {}
        """How long Redis took, by command."""
        self.redis_failures: dict[str, int] = {}

    bytes_in: int
    bytes_out: int
    connections_opened: int
    """WebSockets, those of raw streams and upgrades among them."""
    connections_closed: int
    dropped_messages: int
    events_in: int
    messages_out: int
    peer_errors: int
    polling_requests: int
    """Polls and POSTs that were answered before Tornado."""
    refused_requests: int
    slow_consumer_closes: int
    unknown_sids: int
    upgrades: int

    def totals(self) -> dict[str, int]:
        """Return every plain counter by name."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if isinstance(value, int)}

    def note_command(self, command: str, seconds: float, succeeded: bool) -> None:
        """Count a command of the database; called in the driver's threads."""
        with self._lock:
            histogram_of(self.database_times, command).observe(seconds)
            if not succeeded:
                self.database_failures[command] = self.database_failures.get(command, 0) + 1

    def note_redis(self, command: str, seconds: float, succeeded: bool) -> None:
        """Count a command of Redis."""
        histogram_of(self.redis_times, command).observe(seconds)
        if not succeeded:
            self.redis_failures[command] = self.redis_failures.get(command, 0) + 1

    def note_event(self, event: str | float, seconds: float) -> None:
        """Count how long an event took."""
        histogram_of(self.event_times, str(event)).observe(seconds)

    def note_open(self, transport: str) -> None:
        """Count a client that has come."""
        self.opens[transport] = self.opens.get(transport, 0) + 1

    def note_close(self, transport: str, reason: str) -> None:
        """Count a client that is gone."""
        self.closes[transport, reason] = self.closes.get((transport, reason), 0) + 1


def histogram_of(histograms: dict[str, Histogram], name: str) -> Histogram:
    """Return the histogram of this name, made at first use."""
    found = histograms.get(name)
    if found is None:
        if len(histograms) >= MAX_LABELS:
            name = "other"
        found = histograms.setdefault(name, Histogram())
    return found
