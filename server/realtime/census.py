"""Who is connected, as operators see it: no session id, and no room that would tell one."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Protocol

from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import transport_of
from server.realtime.runtime import Runtime
from server.realtime.socketio_client import SocketIOClient

REASON = "disconnected by an operator"
GOING_AWAY = 1001
OPEN = "open"


class Stream(Protocol):
    """A client of a raw stream; it enters `Runtime.streams` when it opens, and leaves it when it ends."""

    number: int
    address: str
    identity: Hashable
    opened_at: datetime
    rooms: set[str]

    @property
    def transport(self) -> str:
        """What carries it: ``raw``, ``sse``."""

    @property
    def bytes_in(self) -> int: ...

    @property
    def bytes_out(self) -> int: ...

    @property
    def queued_bytes(self) -> int: ...

    def close(self, code: int, reason: str = "") -> None:
        """Close it from our side."""


class Connected(NamedTuple):
    """One connection, as it is now."""

    number: int
    name: str
    transport: str
    state: str
    address: str
    connected_at: datetime
    identity: Hashable
    """Who it is, where that is known."""
    rooms: Collection[str]
    bytes_in: int
    bytes_out: int
    queued_bytes: int


class Load(NamedTuple):
    """How one connection is doing."""

    transport: str
    state: str
    queued_bytes: int


class Census:
    """Looks at the connections of one process; nothing is kept for it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def all(self, after: int = 0) -> Iterator[Connected]:
        """Yield every connection with a number over ``after``, in the order they came."""
        clients = [
            client for engine in self._runtime.engines for client in engine.clients.values() if client.number > after
        ]
        streams = [stream for number, stream in self._runtime.streams.items() if number > after]
        everyone: list[EngineIOClient | Stream] = [*clients, *streams]
        for one in sorted(everyone, key=attrgetter("number")):
            yield self._of_engine(one) if isinstance(one, EngineIOClient) else self._of_stream(one)

    def loads(self) -> Iterator[Load]:
        """Yield of every connection what a scrape asks: with thousands of them, all else takes too long."""
        for engine in self._runtime.engines:
            for client in engine.clients.values():
                carrier = client.connection or client.polling
                queued = carrier.queued_bytes if carrier is not None else 0
                yield Load(transport_of(client), _state_of(client), queued)
        for stream in self._runtime.streams.values():
            yield Load(stream.transport, OPEN, stream.queued_bytes)

    def number(self, name: str) -> int | None:
        """Return the number in a name that this process gave."""
        return self._runtime.ids.number(name)

    def find(self, name: str) -> Connected | None:
        """Return the connection of this name."""
        one = self._find(name)
        if one is None:
            return None
        return self._of_engine(one) if isinstance(one, EngineIOClient) else self._of_stream(one)

    def disconnect(self, name: str) -> bool:
        """End a connection, and tell its client not to come back by itself where the protocol can; False: not here."""
        one = self._find(name)
        if one is None:
            return False
        if not isinstance(one, EngineIOClient):
            one.close(GOING_AWAY, REASON)
            return True
        if isinstance(one.handler, SocketIOClient):
            for socket in tuple(one.handler.sockets.values()):
                socket.disconnect()
        one.close()
        return True

    def _find(self, name: str) -> EngineIOClient | Stream | None:
        number = self._runtime.ids.number(name)
        if number is None:
            return None
        if number in self._runtime.streams:
            return self._runtime.streams[number]
        clients = (client for engine in self._runtime.engines for client in engine.clients.values())
        return next((client for client in clients if client.number == number), None)

    def _of_stream(self, stream: Stream) -> Connected:
        return Connected(
            stream.number,
            self._runtime.ids.name(stream.number),
            stream.transport,
            OPEN,
            stream.address,
            stream.opened_at,
            stream.identity,
            stream.rooms,
            stream.bytes_in,
            stream.bytes_out,
            stream.queued_bytes,
        )

    def _of_engine(self, client: EngineIOClient) -> Connected:
        sockets = client.handler.sockets if isinstance(client.handler, SocketIOClient) else {}
        # A client of Engine.IO 3 has its session's id for its socket's, which is a room too.
        rooms = {room for socket in sockets.values() for room in socket.rooms if client.sid not in room}
        carrier = client.connection or client.polling
        return Connected(
            client.number,
            client.name,
            transport_of(client),
            _state_of(client),
            client.handshake.address,
            client.handshake.issued,
            next((socket.identity for socket in sockets.values() if socket.identity is not None), None),
            rooms,
            carrier.bytes_in if carrier is not None else 0,
            carrier.bytes_out if carrier is not None else 0,
            carrier.queued_bytes if carrier is not None else 0,
        )


def _state_of(client: EngineIOClient) -> str:
    """Return how far a client is; one on a WebSocket is open, as raw streams are."""
    return OPEN if client.connection is not None else client.session.state.value
