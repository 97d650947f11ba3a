"""A client's presence in one namespace."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any

from server.limits import Rate, TokenBucket
from server.protocol.engineio_session import CloseReason
from server.protocol.socketio import ACK, EVENT, RESERVED_EVENTS, PacketType
from server.realtime.acks import Acks, SocketDisconnectedError
from server.realtime.handshake import Handshake
from server.realtime.publication import Publication

if TYPE_CHECKING:
    from server.realtime.broadcast import Broadcast
    from server.realtime.namespaces import Namespace
    from server.realtime.recovery import AwaySession
    from server.realtime.socketio_client import SocketIOClient


def check_event_name(event: str) -> None:
    """Raise ValueError for a name that no event may bear."""
    if event in RESERVED_EVENTS:
        raise ValueError(f"the event name {event!r} is reserved")


class SocketState(Enum):
    """CONNECTING: not accepted yet; nothing reaches the client, and rooms are joined once it is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


CONNECTING, CONNECTED = SocketState.CONNECTING, SocketState.CONNECTED
"""Names of their own: looking a member of an enum up costs as much as calling a function."""


class Socket:
    """One client in one namespace.

    Everything sent to it arrives in order. What is sent while it is being accepted follows its CONNECT.
    """

    __slots__ = (
        "_acks",
        "_buckets",
        "_client",
        "_early",
        "data",
        "entered",
        "handshake",
        "id",
        "identity",
        "namespace",
        "private_id",
        "received",
        "recovered",
        "rooms",
        "sent",
        "since",
        "state",
    )

    def __init__(self, client: SocketIOClient, namespace: Namespace, handshake: Handshake, socket_id: str) -> None:
        self.id = socket_id
        """Public, unlike the Engine.IO session id."""
        self.namespace = namespace
        self.handshake = handshake
        self.data: dict[str, Any] = {}
        """The application's own."""
        self.rooms: set[str] = set()
        self.sent = 0
        """The events and acks that were sent to it."""
        self.received = 0
        """The events that came from it."""
        self.identity: Hashable = None
        """Who the client is, set by middleware: only the same one is recovered as this socket."""
        self.recovered = False
        """Whether the client was away and is back as who it was, with its rooms, data and what it missed."""
        self.private_id: str | None = None
        """What the client proves by that it was this socket, when it may recover."""
        self.since = 0
        """The number of the last event before it connected, when it may recover."""
        self.entered: dict[str, int] = {}
        """The number of the last event before it entered each of its rooms, when it may recover."""
        self.state = CONNECTING
        self._client = client
        self._early: list[tuple[str, tuple[Any, ...]]] | None = None
        """The events that were emitted while CONNECTING."""
        self._acks: Acks | None = None
        self._buckets: dict[str | float, TokenBucket] | None = None

    @property
    def connection_name(self) -> str:
        """What its connection is called in logs and by operators."""
        return self._client.engine.name

    # Sending.

    def emit(self, event: str, *args: Any) -> None:
        """Send an event. Bytes anywhere in ``args`` travel as binary attachments.

        Raises ValueError for a reserved name, TypeError for what JSON cannot hold.
        """
        if event in RESERVED_EVENTS:
            check_event_name(event)
        if self.state is CONNECTING:
            self._early = [*(self._early or ()), (event, args)]
        elif self.private_id is not None:
            self._emit_recoverably(event, args)
        else:
            self._send(EVENT, [event, *args])

    def _emit_recoverably(self, event: str, args: tuple[Any, ...]) -> None:
        """Send an event, or keep it for a client that is away and may come back."""
        hub = self._client.server.hub
        publication = Publication(event, args, namespace=self.namespace.name)
        hub.record(publication, (self.id,))
        socket = self.namespace.sockets.get(self.id, self)  # another one, if the client was away and is back
        hub.catch_up(socket)
        socket.deliver(publication)

    async def call(self, event: str, *args: Any, timeout: float = 10.0) -> list[Any]:
        """Send an event and return the arguments of the client's ack.

        Raises TimeoutError after ``timeout`` seconds, `SocketDisconnectedError` when the client leaves.
        """
        check_event_name(event)
        return await self.ask(event, args, timeout)

    def ask(self, event: str, args: tuple[Any, ...], timeout: float) -> asyncio.Future[list[Any]]:
        """Send an event and return a future of its ack; see `call`."""
        self._require_connected()
        client = self._client
        if self._acks is None:
            self._acks = Acks(client.server.deadlines)
        ack_id = client.session.next_ack_id(self.namespace.name)
        self._send(EVENT, [event, *args], ack_id)
        self._require_connected()  # sending may have ended it
        return self._acks.expect(ack_id, client.server.clock.monotonic() + timeout)

    def _require_connected(self) -> None:
        if self.state is not CONNECTED:
            raise SocketDisconnectedError(f"the socket is {self.state.value}")

    def _send(self, kind: PacketType, data: list[Any], ack_id: int | None = None) -> None:
        if self.state is not CONNECTED:
            return
        client, namespace = self._client, self.namespace
        server = client.server
        if server.hub.backlog:
            server.hub.catch_up(self)
        client.format.send(client.engine, kind, namespace.name, data, ack_id)
        self.sent += 1
        server.metrics.messages_out += 1
        if namespace.behaviour.outgoing_listeners and kind is EVENT:
            namespace.behaviour.tell_outgoing(self, *data)

    def acknowledge(self, ack_id: int, args: list[Any]) -> None:
        """Answer an event that asked for an ack."""
        self._send(ACK, args, ack_id)

    def deliver(self, publication: Publication) -> None:
        """Send what is published in one of its rooms; see `Member`."""
        if self.state is not CONNECTED:
            return
        client = self._client
        client.server.metrics.messages_out += 1
        wire_format = client.format
        message = publication.encoded(wire_format)
        if publication.must_arrive:
            client.engine.send(message)
            self.sent += 1
        elif client.engine.offer(message, publication.supersedes, lambda: publication.newest(wire_format)):
            self.sent += 1
        if self.namespace.behaviour.outgoing_listeners:
            self.namespace.behaviour.tell_outgoing(self, publication.event, *publication.args)

    # Rooms.

    def join(self, room: str) -> None:
        """Enter ``room``. ValueError for the id of another socket: that room is private."""
        if room != self.id and self.namespace.is_socket_id(room):
            raise ValueError("a socket's own room is private")
        if self.state is CONNECTED:
            self._enter(room)
        elif self.state is CONNECTING:
            self.rooms.add(room)

    def _enter(self, room: str) -> None:
        self.namespace.rooms.join(self, room)
        if self.private_id is not None:
            self.entered.setdefault(room, self.namespace.hub.recoveries[self.namespace.name].number)

    def leave(self, room: str) -> None:
        """Leave ``room``, if in it."""
        self.entered.pop(room, None)
        self.namespace.rooms.leave(self, room)

    def to(self, *rooms: str) -> Broadcast:
        """Address everyone in any of ``rooms`` but this socket."""
        return self.namespace.to(*rooms).except_(self.id)

    @property
    def broadcast(self) -> Broadcast:
        """Address everyone in the namespace but this socket."""
        return self.namespace.to().except_(self.id)

    # Life.

    def connected(self, missed: Iterable[Publication] = ()) -> None:
        """Be accepted: enter the rooms that were asked for, send what was ``missed`` and what was held back."""
        self.state = CONNECTED
        rooms, self.rooms = self.rooms, set()
        for room in rooms:
            self._enter(room)
        early, self._early = self._early, None
        for publication in missed:
            self.deliver(publication)
        for event, args in early or ():
            self.emit(event, *args)

    def recover(self, session: AwaySession) -> None:
        """Become who the client was; what its middleware put into `data` now is newer."""
        self.recovered = True
        self.id, self.private_id = session.socket_id, session.private_id
        self.since, self.entered = session.since, dict(session.rooms)
        self.rooms |= session.rooms.keys()
        self.data = {**session.data, **self.data}

    def disconnect(self, *, close: bool = False) -> None:
        """Expel the client from the namespace; it does not come back by itself. ``close`` ends the connection too."""
        self._client.expel(self, close=close)

    def expel(self, reason: str) -> None:
        """Be disconnected by the server; see `Member`."""
        self.disconnect()

    def disconnected(self, reason: CloseReason) -> None:
        """Leave every room; called once, by the client's connection."""
        self.state = SocketState.DISCONNECTED
        self.namespace.rooms.leave_all(self)
        if self._acks is not None:
            self._acks.fail_all()

    def resolve_ack(self, ack_id: int, args: list[Any]) -> None:
        """Take the client's ack."""
        if self._acks is not None:
            self._acks.resolve(ack_id, args)

    def seconds_until_allowed(self, event: str | float, rate: Rate, now: float) -> float:
        """Count one ``event`` against ``rate``; return 0.0, or how long to wait."""
        if self._buckets is None:
            self._buckets = {}
        bucket = self._buckets.get(event)
        if bucket is None:
            bucket = self._buckets[event] = TokenBucket(rate, now)
        return bucket.take(now)
