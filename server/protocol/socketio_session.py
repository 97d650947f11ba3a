"""The Socket.IO half of one connection: namespaces, attachments and acks. Messages in, packets out."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any

from server.errors import PeerError
from server.protocol.socketio import (
    EncodedPacket,
    Packet,
    PacketType,
    decode_packet,
    encode_packet,
    restore_attachments,
)


class NamespaceState(Enum):
    """Where one connection stands with one namespace."""

    ABSENT = "not joined"
    CONNECTING = "connecting"
    CONNECTED = "connected"


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

    The last namespaces that were refused or left by the server are remembered, so that what was on its way to them
    is dropped instead of being taken for a violation.
    """

    __slots__ = (
        "_attachment_bytes",
        "_attachments",
        "_left",
        "_max_attachment_bytes",
        "_max_attachments",
        "_max_waiting",
        "_namespaces",
        "_partial",
    )

    def __init__(self, max_attachments: int = 10, max_attachment_bytes: int = 1_000_000, max_waiting: int = 64) -> None:
        self._max_attachments = max_attachments
        self._max_attachment_bytes = max_attachment_bytes
        self._attachment_bytes = 0
        self._max_waiting = max_waiting
        self._namespaces: dict[str, _Namespace] = {}
        self._left: deque[str] = deque(maxlen=16)
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
        if self._partial is not None:
            raise PeerError("text came while binary attachments were owed")
        packet = decode_packet(data, self._max_attachments)
        if packet.attachments:
            if packet.namespace not in self._namespaces and packet.namespace not in self._left:
                raise PeerError(f"{packet.type.name} is not allowed in {packet.namespace}: not joined")
            self._partial = packet
            return None
        return self._admit(packet, len(data))

    def receive_binary(self, data: bytes) -> Packet | None:
        """Take a binary message, which is the next attachment; else as `receive_text`."""
        if self._partial is None:
            raise PeerError("a binary message came, but no attachment was announced")
        self._attachment_bytes += len(data)
        if self._attachment_bytes > self._max_attachment_bytes:
            raise PeerError(
                f"the attachments of one packet hold {self._attachment_bytes} bytes or more; "
                f"{self._max_attachment_bytes} are allowed"
            )
        self._attachments.append(data)
        if len(self._attachments) < self._partial.attachments:
            return None
        packet, size = restore_attachments(self._partial, self._attachments), self._attachment_bytes
        self._partial, self._attachments, self._attachment_bytes = None, [], 0
        return self._admit(packet, size)

    def _admit(self, packet: Packet, size: int) -> Packet | None:
        entry = self._namespaces.get(packet.namespace)
        if entry is not None and entry.state is NamespaceState.CONNECTED and packet.type is PacketType.EVENT:
            return packet  # as the table says; nearly all there are
        state = NamespaceState.ABSENT if entry is None else entry.state
        if packet.type not in ALLOWED[state]:
            if packet.namespace in self._left and packet.type is not PacketType.CONNECT:
                return None
            raise PeerError(f"{packet.type.name} is not allowed in {packet.namespace}: {state.value}")
        if entry is None:
            self._namespaces[packet.namespace] = _Namespace()
            if packet.namespace in self._left:
                self._left.remove(packet.namespace)
        elif packet.type is PacketType.DISCONNECT:
            del self._namespaces[packet.namespace]
        elif state is NamespaceState.CONNECTING:
            entry.waiting_bytes += size
            entry.waiting.append(packet)
            return None
        return packet

    def accept(self, namespace: str, payload: dict[str, Any]) -> tuple[EncodedPacket, list[Packet]]:
        """Answer CONNECT with success; return the answer and the events that waited for it."""
        entry = self._namespaces[namespace]
        entry.state = NamespaceState.CONNECTED
        waiting, entry.waiting, entry.waiting_bytes = entry.waiting, [], 0
        return encode_packet(Packet(PacketType.CONNECT, namespace, payload)), waiting

    def refuse(self, namespace: str, payload: dict[str, Any]) -> EncodedPacket:
        """Answer CONNECT with CONNECT_ERROR; the client may try again."""
        self._forget(namespace)
        return encode_packet(Packet(PacketType.CONNECT_ERROR, namespace, payload))

    def disconnect(self, namespace: str) -> EncodedPacket:
        """Expel the client from ``namespace``; it does not come back by itself."""
        self._forget(namespace)
        return encode_packet(Packet(PacketType.DISCONNECT, namespace))

    def _forget(self, namespace: str) -> None:
        if self._namespaces.pop(namespace, None) is not None:
            self._left.append(namespace)

    def next_ack_id(self, namespace: str) -> int:
        """Return an id for an event sent to a connected namespace whose ack is wanted."""
        entry = self._namespaces[namespace]
        entry.last_ack_id += 1
        return entry.last_ack_id
