"""How each version of Engine.IO writes messages and polling payloads; the packets themselves are the same.

Version 4 is protocol v4, "Packet encoding"; version 3 is protocol v3, "Encoding" and "Payload".
"""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from server.errors import PeerError
from server.protocol.engineio import (
    Packet,
    decode_packet,
    decode_payload,
    encode_payload,
    lenient_base64,
    message_packet,
)

TEXT_PAYLOAD = "text/plain; charset=UTF-8"
BINARY_PAYLOAD = "application/octet-stream"

MESSAGE_BYTE = b"\x04"
"""Stands before the data of a binary message in version 3; every other packet is sent as text."""

MAX_LENGTH_DIGITS = 10
"""Of the length before a packet of a binary payload."""


class Payload(NamedTuple):
    """The body of a poll's answer."""

    body: bytes
    content_type: str = TEXT_PAYLOAD


class Codec(ABC):
    """One version's way of writing; an Engine.IO session keeps the one it was opened with."""

    version: int

    @abstractmethod
    def message(self, data: bytes, binary: bool = False) -> Packet:
        """Wrap an application's message: UTF-8 text, or bytes with ``binary``."""

    @abstractmethod
    def encode_payload(self, packets: Sequence[Packet]) -> Payload:
        """Join packets as the body of a poll's answer."""

    @abstractmethod
    def decode_payload(self, body: bytes, content_type: str) -> Iterator[Packet]:
        """Yield the packets of a POST; `PeerError` at the first bad one, after those before it."""


class Codec4(Codec):
    """Engine.IO 4: a separator between packets, base64 for binary ones."""

    version = 4

    def message(self, data: bytes, binary: bool = False) -> Packet:
        """See `Codec`."""
        return message_packet(data, binary)

    def encode_payload(self, packets: Sequence[Packet]) -> Payload:
        """See `Codec`."""
        return Payload(encode_payload(packets))

    def decode_payload(self, body: bytes, content_type: str) -> Iterator[Packet]:
        """See `Codec`."""
        if content_type == BINARY_PAYLOAD:
            raise PeerError("a POST of application/octet-stream; Engine.IO 4 sends text")
        return decode_payload(body)


class Codec3(Codec):
    """Engine.IO 3: each packet behind its length, in UTF-16 code units or, where one is binary, in bytes.

    A binary packet's data begins with `MESSAGE_BYTE`, as it does in its WebSocket frame.
    """

    version = 3

    def message(self, data: bytes, binary: bool = False) -> Packet:
        """See `Codec`."""
        return Packet(MESSAGE_BYTE + data, True) if binary else message_packet(data)

    def encode_payload(self, packets: Sequence[Packet]) -> Payload:
        """See `Codec`."""
        if any(packet.binary for packet in packets):
            return Payload(b"".join(map(_encode_framed, packets)), BINARY_PAYLOAD)
        return Payload(b"".join([b"%d:%b" % (_utf16_length(packet.data), packet.data) for packet in packets]))

    def decode_payload(self, body: bytes, content_type: str) -> Iterator[Packet]:
        """See `Codec`."""
        return _decode_framed(body) if content_type == BINARY_PAYLOAD else _decode_counted(body)


class Codec3Base64(Codec3):
    """Engine.IO 3 for a client that cannot take binary (``b64=1``): such messages are ``b4`` and base64."""

    def message(self, data: bytes, binary: bool = False) -> Packet:
        """See `Codec`."""
        return Packet(b"b4" + base64.b64encode(data)) if binary else message_packet(data)


V4 = Codec4()
V3 = Codec3()
V3_BASE64 = Codec3Base64()


def decode_text3(data: bytes) -> Packet:
    """Read one packet that came as text; as `decode_packet`, but base64 follows ``b4``."""
    if data[:1] != b"b":
        return decode_packet(data)
    if data[1:2] != b"4":
        raise PeerError(f"in Engine.IO 3 only messages are binary: b4 and base64; got {data[:2]!r}")
    return Packet(MESSAGE_BYTE + lenient_base64(data[2:]), True)


def _utf16_length(data: bytes) -> int:
    """Count the UTF-16 code units of UTF-8 text, which is what JavaScript calls its length."""
    if data.isascii():
        return len(data)
    return len(data.decode().encode("utf-16-le")) // 2


def _encode_framed(packet: Packet) -> bytes:
    """Write kind (0 text, 1 binary), length as one byte per decimal digit, 255, data."""
    digits = bytes(digit - 0x30 for digit in b"%d" % len(packet.data))
    return b"%c%b\xff%b" % (packet.binary, digits, packet.data)


def _decode_framed(body: bytes) -> Iterator[Packet]:
    if not body:
        raise PeerError("an Engine.IO payload holds at least one packet; got nothing")
    position = 0
    while position < len(body):
        kind = body[position]
        end = body.find(b"\xff", position, position + MAX_LENGTH_DIGITS + 2)
        digits = bytes(byte + 0x30 for byte in body[position + 1 : end] if byte <= 9)
        if kind > 1 or end < 0 or not digits or len(digits) != end - position - 1:
            raise PeerError("a packet of a binary payload begins with 0 or 1, its length digit by digit, and 255")
        position = end + 1 + int(digits)
        data = body[end + 1 : position]
        if position > len(body):
            raise PeerError(f"a packet of {int(digits)} bytes was announced; {len(data)} came")
        yield _check_binary(data) if kind else decode_text3(_check_utf8(data))


def _check_binary(data: bytes) -> Packet:
    if data[:1] != MESSAGE_BYTE:
        raise PeerError(f"a binary packet begins with its type, and only messages (4) are binary; got {data[:1]!r}")
    return Packet(data, True)


def _check_utf8(data: bytes) -> bytes:
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            raise PeerError("a polling payload is UTF-8; this one is not") from None
    return data


def _decode_counted(body: bytes) -> Iterator[Packet]:
    if not body:
        raise PeerError("an Engine.IO payload holds at least one packet; got nothing")
    # Each code unit is two bytes here, so that lengths are positions.
    units = _check_utf8(body).decode().encode("utf-16-le")
    position = 0
    while position < len(units):
        header = _LENGTH.match(units, position)
        if header is None:
            raise PeerError("a packet of an Engine.IO 3 payload begins with its length and a colon")
        length = int(header[1][::2])
        start, position = header.end(), header.end() + 2 * length
        if position > len(units):
            raise PeerError(f"a packet of {length} characters was announced; {(len(units) - start) // 2} came")
        yield decode_text3(_from_units(units[start:position]))


_LENGTH = re.compile(rb"((?:[0-9]\0){1,10}):\0")


def _from_units(units: bytes) -> bytes:
    try:
        return units.decode("utf-16-le").encode()
    except UnicodeDecodeError:
        raise PeerError("the length of a packet cuts a character in half") from None


def choose_codec(version: int, base64_only: bool) -> Codec:
    """Return the codec for a handshake's ``EIO`` and ``b64``."""
    if version == 4:
        return V4
    return V3_BASE64 if base64_only else V3
