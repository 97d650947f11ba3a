"""Engine.IO packets, and polling payloads of version 4: bytes to packets and back (protocol v4, "Packet encoding")."""

from __future__ import annotations

import base64
import binascii
import string
from collections.abc import Iterable, Iterator
from enum import IntEnum

from server.errors import PeerError
from server.protocol.websocket_frames import Opcode, build_frame, text_frame

SEPARATOR = b"\x1e"
"""Stands between the packets of a polling payload."""


class PacketType(IntEnum):
    """The digit a text packet begins with. A binary packet has none: it is a message."""

    OPEN = 0
    CLOSE = 1
    PING = 2
    PONG = 3
    MESSAGE = 4
    UPGRADE = 5
    NOOP = 6


class Packet:
    """One Engine.IO packet; each of its encodings is made at most once.

    ``data`` of a text packet is UTF-8 and begins with the type digit; of a binary packet it is the message.
    """

    __slots__ = ("_frame", "_polling", "binary", "data")

    def __init__(self, data: bytes, binary: bool = False) -> None:
        self.data = data
        self.binary = binary
        self._frame: bytes | None = None
        self._polling: bytes | None = None

    @property
    def frame(self) -> bytes:
        """The packet as one WebSocket frame."""
        if self._frame is None:
            self._frame = build_frame(Opcode.BINARY, self.data) if self.binary else text_frame(self.data)
        return self._frame

    @property
    def polling(self) -> bytes:
        """The packet as it stands in a polling payload."""
        if self._polling is None:
            self._polling = b"b" + base64.b64encode(self.data) if self.binary else self.data
        return self._polling

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Packet):
            return NotImplemented
        return (self.data, self.binary) == (other.data, other.binary)

    def __hash__(self) -> int:
        return hash((self.data, self.binary))

    def __repr__(self) -> str:
        return f"Packet({self.data!r}, binary={self.binary})"


PING = Packet(b"2")
PONG = Packet(b"3")
CLOSE = Packet(b"1")
NOOP = Packet(b"6")
PROBE_PONG = Packet(b"3probe")


def message_packet(data: bytes, binary: bool = False) -> Packet:
    """Wrap an application's message: UTF-8 text, or bytes with ``binary``."""
    return Packet(data, True) if binary else Packet(b"4" + data)


_SHORT_MESSAGE = [text_frame(b"4" + bytes(length))[:3] for length in range(125)]


def message_frame(data: bytes) -> bytes:
    """Write a text message as one WebSocket frame, without a packet between."""
    return _SHORT_MESSAGE[len(data)] + data if len(data) < 125 else text_frame(b"4" + data)


class OutgoingMessage:
    """Packets that travel together and in order, shared by all who are sent them."""

    __slots__ = ("frames", "packets")

    def __init__(self, *packets: Packet) -> None:
        self.packets = packets
        self.frames = packets[0].frame if len(packets) == 1 else b"".join([packet.frame for packet in packets])
        """All packets as WebSocket frames, joined once for every receiver."""


def decode_packet(data: bytes) -> Packet:
    """Read one text packet (a WebSocket text frame, or a piece of a payload).

    Raises `PeerError` for an empty packet and for an unknown type. ``b`` and base64 is a binary message; the
    decoding is lenient, as in the reference: what is not base64 is dropped.
    """
    if not data:
        raise PeerError("an Engine.IO packet is at least its type, a digit from 0 to 6; got nothing")
    first = data[0]
    if 0x30 <= first <= 0x36:
        return Packet(data)
    if first == 0x62:
        return Packet(lenient_base64(data[1:]), True)
    raise PeerError(f"an Engine.IO packet begins with a digit from 0 to 6, or b; got {data[:1]!r}")


def lenient_base64(text: bytes) -> bytes:
    """Decode base64 as the reference does: what does not belong there is dropped."""
    letters = text.translate(None, _NOT_BASE64)
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return base64.b64decode(letters[:-1])


_NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/"))


def decode_payload(body: bytes) -> Iterator[Packet]:
    """Yield the packets of a polling payload.

    Raises `PeerError` at the first bad one; those before it have been yielded by then.
    """
    if SEPARATOR not in body and body.isascii():  # one packet: what clients send most
        yield decode_packet(body)
        return
    start = 0
    while start <= len(body):
        end = body.find(SEPARATOR, start)
        piece = body[start : end if end >= 0 else None]
        if not piece.isascii():
            try:
                piece.decode()
            except UnicodeDecodeError:
                raise PeerError("a polling payload is UTF-8; this one is not") from None
        yield decode_packet(piece)
        if end < 0:
            return
        start = end + 1


def encode_payload(packets: Iterable[Packet]) -> bytes:
    """Join packets as the body of a poll's answer."""
    return SEPARATOR.join([packet.polling for packet in packets])
