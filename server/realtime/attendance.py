"""Who is connected, and how much was said since the start: counted by each client for itself, added up when asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

from server.clock import Clock


class Counted(Protocol):
    """A client that counts its messages."""

    @property
    def id(self) -> str: ...

    @property
    def rooms(self) -> Collection[str]: ...

    @property
    def sent(self) -> int: ...

    @property
    def received(self) -> int: ...


class Visit(NamedTuple):
    """A client that is here; ``user`` is empty where nobody has signed in."""

    client: Counted
    transport: str
    user: str
    address: str
    connected_at: datetime


class Traffic(NamedTuple):
    """Connections and messages since the start; ``active`` is how many are here now."""

    connections: int
    active: int
    sent: int
    received: int


class Attendance:
    """The clients of every kind, in the order of their coming."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._visits: dict[Counted, Visit] = {}
        self._connections = 0
        self._sent_by_gone = 0
        self._received_by_gone = 0

    def arrive(self, client: Counted, transport: str, user: str, address: str) -> None:
        """Count a client from now on."""
        self._connections += 1
        self._visits[client] = Visit(client, transport, user, address, self._clock.now())

    def depart(self, client: Counted) -> None:
        """Keep what a client that is gone has counted, if it ever arrived."""
        if self._visits.pop(client, None) is not None:
            self._sent_by_gone += client.sent
            self._received_by_gone += client.received

    def traffic(self) -> Traffic:
        """Add up everything."""
        sent = self._sent_by_gone + sum(client.sent for client in self._visits)
        received = self._received_by_gone + sum(client.received for client in self._visits)
        return Traffic(self._connections, len(self._visits), sent, received)

    def visits(self, offset: int, limit: int) -> Iterator[Visit]:
        """Yield some of those who are here, the longest first."""
        return islice(self._visits.values(), offset, offset + limit)

    def __len__(self) -> int:
        return len(self._visits)
