"""The Socket.IO half of one connection: namespaces, attachments and acks. Messages in, packets out."""

from __future__ import annotations

from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

from server.errors import PeerError
from server.protocol import socketio_msgpack
from server.protocol.socketio import EVENT, Packet, PacketType, decode_packet, restore_attachments

MAX_QUERY_FIELDS = 100

REMEMBERED_NAMESPACES = 16
"""Of those that were refused or left by the server."""


class NamespaceState(Enum):
    """Where one connection stands with one namespace."""

    ABSENT = "not joined"
    CONNECTING = "connecting"
    CONNECTED = "connected"


CONNECTED = NamespaceState.CONNECTED
"""A name of its own, as `EVENT`."""

ALLOWED: dict[NamespaceState, frozenset[PacketType]] = {
    NamespaceState.ABSENT: frozenset({PacketType.CONNECT}),
    NamespaceState.CONNECTING: frozenset({PacketType.EVENT, PacketType.DISCONNECT}),
    NamespaceState.CONNECTED: frozenset({PacketType.EVENT, PacketType.ACK, PacketType.DISCONNECT}),
}
"""What the client may send; an event while connecting waits for the decision."""


class _Namespace:
    """One namespace of the connection, while it is connecting or connected."""

    __slots__ = ("last_ack_id", "state", "waiting", "waiting_bytes")

    def __init__(self) -> None:
        self.state = NamespaceState.CONNECTING
        self.waiting: list[Packet] = []
        self.waiting_bytes = 0
        self.last_ack_id = -1


class SocketSession:
    """Reads the packets of one connection and holds them against what its namespaces allow.

    The parser is told by the first message, which is a CONNECT: text, or binary with socket.io-msgpack-parser. To a
    client of Engine.IO 3 (Socket.IO 2) the default parser is spoken, with that version's CONNECT and CONNECT_ERROR.

    The last namespaces that were refused or left by the server are remembered, so that what was on its way to them
    is dropped instead of being taken for a violation.
    """

    __slots__ = (
        "_attachment_bytes",
        "_attachments",
        "_is_version_3",
        "_left",
        "_max_attachment_bytes",
        "_max_attachments",
        "_max_waiting",
        "_namespaces",
        "_partial",
        "uses_msgpack",
    )

    def __init__(
        self,
        max_attachments: int = 10,
        max_attachment_bytes: int = 1_000_000,
        max_waiting: int = 64,
        engine_version: int = 4,
    ) -> None:
        self.uses_msgpack = False
        self._is_version_3 = engine_version == 3
        self._max_attachments = max_attachments
        self._max_attachment_bytes = max_attachment_bytes
        self._attachment_bytes = 0
        self._max_waiting = max_waiting
        self._namespaces: dict[str, _Namespace] = {}
        self._left: tuple[str, ...] = ()
        self._partial: Packet | None = None
        self._attachments: list[bytes] = []

    @property
    def attachment_bytes(self) -> int:
        """The size of the attachments that have come for the packet that is not complete."""
        return self._attachment_bytes

    @property
    def owes_attachments(self) -> bool:
        """Whether a binary packet has been announced and is not complete."""
        return self._partial is not None

    @property
    def holds_enough(self) -> bool:
        """Whether so many events wait for the answer to a CONNECT that the client is not to be read until then."""
        return any(
            len(entry.waiting) >= self._max_waiting or entry.waiting_bytes >= self._max_attachment_bytes
            for entry in self._namespaces.values()
        )

    def state(self, namespace: str) -> NamespaceState:
        """Return where the connection stands with ``namespace``."""
        entry = self._namespaces.get(namespace)
        return NamespaceState.ABSENT if entry is None else entry.state

    def receive_text(self, data: bytes) -> Packet | None:
        """Take a text message; return a packet to act on now, or None. Raises `PeerError` on a violation."""
        if self._partial is not None or self.uses_msgpack:
            raise self._misplaced_text()
        packet = decode_packet(data, self._max_attachments)
        if packet.type is EVENT:
            entry = self._namespaces.get(packet.namespace)
            if entry is not None and entry.state is CONNECTED:
                return packet  # as `ALLOWED` says; nearly all there are
        if packet.attachments:
            if packet.namespace not in self._namespaces and packet.namespace not in self._left:
                raise PeerError(f"{packet.type.name} is not allowed in {packet.namespace}: not joined")
            self._partial = packet
            return None
        return self._admit(packet, len(data))

    def receive_binary(self, data: bytes) -> Packet | None:
        """Take a binary message, which is the next attachment; else as `receive_text`."""
        if self._partial is None:
            return self._receive_msgpack(data)
        self._attachment_bytes += len(data)
        if self._attachment_bytes > self._max_attachment_bytes:
            raise PeerError(
                f"the attachments of one packet hold {self._attachment_bytes} bytes or more; "
                f"{self._max_attachment_bytes} are allowed (max_http_buffer_size)"
            )
        self._attachments.append(data)
        if len(self._attachments) < self._partial.attachments:
            return None
        packet, size = restore_attachments(self._partial, self._attachments), self._attachment_bytes
        self._partial, self._attachments, self._attachment_bytes = None, [], 0
        return self._admit(packet, size)

    def _misplaced_text(self) -> PeerError:
        if self.uses_msgpack:
            return PeerError("text came on a connection that began with socket.io-msgpack-parser; binary is allowed")
        return PeerError("text came while binary attachments were owed")

    def _receive_msgpack(self, data: bytes) -> Packet | None:
        """Take a packet of the msgpack parser; the first one decides that all are."""
        if not self.uses_msgpack:
            if self._namespaces or self._left or self._is_version_3:
                raise PeerError(
                    "a binary message came, but no attachment was announced; with socket.io-msgpack-parser every "
                    "message is binary, from the first on, and Engine.IO 4 is needed"
                )
            packet = self._first_msgpack(data)
            self.uses_msgpack = True
        else:
            packet = socketio_msgpack.decode_packet(data)
        return self._admit(packet, len(data))

    def _first_msgpack(self, data: bytes) -> Packet:
        try:
            return socketio_msgpack.decode_packet(data)
        except PeerError as error:
            raise PeerError(
                f"the first message is binary, but no packet of socket.io-msgpack-parser ({error}); allowed are that "
                "parser and the default one, whose first message is text"
            ) from None

    def connect_implicitly(self) -> Packet:
        """Return the CONNECT to the root namespace that a client of Engine.IO 3 need not send."""
        packet = Packet(PacketType.CONNECT)
        self._admit(packet, 0)
        return packet

    def _admit(self, packet: Packet, size: int) -> Packet | None:
        entry = self._namespaces.get(packet.namespace)
        if self._is_version_3 and packet.type is PacketType.CONNECT:
            packet = _with_auth_of_query(packet)
            entry = self._namespaces.get(packet.namespace)
        state = NamespaceState.ABSENT if entry is None else entry.state
        if packet.type not in ALLOWED[state]:
            if packet.namespace in self._left and packet.type is not PacketType.CONNECT:
                return None
            raise PeerError(f"{packet.type.name} is not allowed in {packet.namespace}: {state.value}")
        if entry is None:
            self._namespaces[packet.namespace] = _Namespace()
            if packet.namespace in self._left:
                self._left = tuple(name for name in self._left if name != packet.namespace)
        elif packet.type is PacketType.DISCONNECT:
            del self._namespaces[packet.namespace]
        elif state is NamespaceState.CONNECTING:
            entry.waiting_bytes += size
            entry.waiting.append(packet)
            return None
        return packet

    def accept(self, namespace: str, payload: dict[str, Any]) -> tuple[Packet, list[Packet]]:
        """Answer CONNECT with success; return the answer and the events that waited for it."""
        entry = self._namespaces[namespace]
        entry.state = NamespaceState.CONNECTED
        waiting, entry.waiting, entry.waiting_bytes = entry.waiting, [], 0
        return Packet(PacketType.CONNECT, namespace, None if self._is_version_3 else payload), waiting

    def refuse(self, namespace: str, message: str, data: dict[str, Any] | None = None) -> Packet:
        """Answer CONNECT with CONNECT_ERROR; the client may try again."""
        self._forget(namespace)
        payload: dict[str, Any] = {"message": message}
        if data is not None:  # with version 3 there is room for one of them
            payload = data if self._is_version_3 else {"message": message, "data": data}
        return Packet(PacketType.CONNECT_ERROR, namespace, payload)

    def disconnect(self, namespace: str) -> Packet:
        """Expel the client from ``namespace``; it does not come back by itself."""
        self._forget(namespace)
        return Packet(PacketType.DISCONNECT, namespace)

    def _forget(self, namespace: str) -> None:
        if self._namespaces.pop(namespace, None) is not None:
            self._left = (*self._left, namespace)[-REMEMBERED_NAMESPACES:]

    def next_ack_id(self, namespace: str) -> int:
        """Return an id for an event sent to a connected namespace whose ack is wanted."""
        entry = self._namespaces[namespace]
        entry.last_ack_id += 1
        return entry.last_ack_id


def _with_auth_of_query(packet: Packet) -> Packet:
    """Read ``/name?token=1``, in which Socket.IO 2 sends what is the auth payload since."""
    name, mark, query = packet.namespace.partition("?")
    if not mark:
        return packet
    try:
        auth = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:
        raise PeerError(f"the query of a namespace holds at most {MAX_QUERY_FIELDS} fields") from None
    return packet._replace(namespace=name, data=auth)
