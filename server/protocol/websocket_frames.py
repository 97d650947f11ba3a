"""RFC 6455 frames, server side: what bytes mean and what to send; no socket, no time."""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from server.errors import PeerError


class Opcode(IntEnum):
    """Section 5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """Section 7.4.1, and the application's own from 3000 on."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    SLOW_CONSUMER = 3008
    TOO_MANY_CONNECTIONS = 4008
    UNAUTHORIZED = 4401
    NOT_FOUND = 4404

    @property
    def text(self) -> str:
        """Return it in words, as people count closes."""
        return self.name.lower().replace("_", " ")


class FrameError(PeerError):
    """The peer broke RFC 6455; the connection is to be closed with ``code``."""

    def __init__(self, code: CloseCode, text: str) -> None:
        super().__init__(text)
        self.code = code


Frame = tuple[int, bytes]
"""Opcode and unmasked payload of a whole message (TEXT, BINARY) or a control frame.

A plain tuple: on the way of every message a named one would cost several times as much.
"""

TEXT = int(Opcode.TEXT)
"""A name of its own: looking a member of an enum up costs as much as calling a function."""

Mask = Callable[[bytes, bytes], bytes]
"""``mask(key, data)`` with a key of 4 bytes (section 5.3)."""


def xor_mask(key: bytes, data: bytes) -> bytes:
    """Mask or unmask ``data`` in plain Python, as one XOR of two large integers."""
    length = len(data)
    repeated = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")).to_bytes(length, "little")


# A header of a short frame is looked up, not packed: most frames are short.
_SHORT_TEXT = [bytes((0x80 | Opcode.TEXT, length)) for length in range(126)]


def text_frame(payload: bytes) -> bytes:
    """Build one unfragmented, unmasked text frame around UTF-8 bytes."""
    length = len(payload)
    if length < 126:
        return _SHORT_TEXT[length] + payload
    return build_frame(Opcode.TEXT, payload)


def build_frame(opcode: Opcode, payload: bytes) -> bytes:
    """Build one unfragmented, unmasked frame (section 5.2)."""
    length = len(payload)
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length)) + payload
    if length < 0x10000:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """Build a close frame (section 5.5.1); the reason is cut to the 123 bytes that fit."""
    if code in (CloseCode.NO_STATUS, CloseCode.ABNORMAL):
        return build_frame(Opcode.CLOSE, b"")
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return build_frame(Opcode.CLOSE, struct.pack("!H", code) + text)


def parse_close(payload: bytes) -> tuple[int, str]:
    """Return code and reason of a close frame; `FrameError` for what section 7.4 forbids."""
    if not payload:
        return CloseCode.NO_STATUS, ""
    if len(payload) == 1:
        raise FrameError(CloseCode.PROTOCOL_ERROR, "a close frame has no payload or a code of two bytes; got one byte")
    code = int.from_bytes(payload[:2], "big")
    if not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in (1004, 1005, 1006):
        raise FrameError(CloseCode.PROTOCOL_ERROR, f"close code {code} may not be sent")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(CloseCode.INVALID_PAYLOAD, "the reason in a close frame is not UTF-8") from None


class Framing(Protocol):
    """What a connection's bytes mean, and how it says that it ends."""

    error: FrameError | None
    """Why nothing more can be read."""

    def feed(self, data: bytes) -> list[Frame]:
        """Return what these bytes complete."""

    def closing(self, code: int, reason: str) -> bytes:
        """Return what is sent last."""


class FrameReader:
    """Turns the bytes of one connection, cut anywhere, into whole messages.

    Frames before a violation are still returned; the violation is then found in `error`, and nothing after
    it is read. A payload is refused from its header, before its bytes arrive.
    """

    __slots__ = (
        "_buffer",
        "_fragments",
        "_mask",
        "_max_payload_bytes",
        "_message_opcode",
        "_needed",
        "_short_frame_size",
        "error",
    )

    def __init__(self, max_payload_bytes: int, mask: Mask = xor_mask) -> None:
        self.error: FrameError | None = None
        self._max_payload_bytes = max_payload_bytes
        self._mask = mask
        self._short_frame_size = 6 + min(125, max_payload_bytes)
        self._buffer: bytes | bytearray = b""
        self._needed = 2
        self._fragments: bytearray | None = None
        self._message_opcode = 0

    def closing(self, code: int, reason: str) -> bytes:
        """See `Framing`."""
        return close_frame(code, reason)

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they came; return the messages and control frames they complete, in order."""
        size = len(data)
        is_short = 6 < size <= self._short_frame_size and data[0] == 0x81 and data[1] == size + 0x7A
        if is_short and not self._buffer and self._fragments is None and self.error is None:
            # Most reads are one whole short text, masked and in ASCII: two thirds of the time of what follows.
            payload = self._mask(data[2:6], data[6:])
            if payload.isascii():
                return [(TEXT, payload)]
        if self.error is not None:
            return []
        if self._buffer:
            # Grown in place until the frame is whole: a peer that trickles costs no quadratic copying.
            if not isinstance(self._buffer, bytearray):
                self._buffer = bytearray(self._buffer)
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
        frames: list[Frame] = []
        try:
            used = self._parse(data, frames)
        except FrameError as error:
            self.error = error
            self._buffer = b""
        else:
            self._buffer = data[used:] if used < len(data) else b""
        return frames

    def _parse(self, data: bytes, frames: list[Frame]) -> int:
        """Append every whole frame of ``data``; return how many bytes they took."""
        position, size = 0, len(data)
        mask = self._mask
        while True:
            if size - position < 2:
                self._needed = 2
                return position
            first, length = data[position], data[position + 1] & 0x7F
            if length == 126:
                start = position + 8
                length = int.from_bytes(data[position + 2 : position + 4], "big") if size >= start - 4 else 0
            elif length == 127:
                start = position + 14
                length = int.from_bytes(data[position + 2 : position + 10], "big") if size >= start - 4 else 0
            else:
                start = position + 6
            second = data[position + 1]
            if first != 0x81 or second < 0x80 or length > self._max_payload_bytes or self._fragments is not None:
                self._check(first, second, length)
            end = start + length
            if end > size:
                self._needed = (end if size >= start - 4 else start - 4) - position
                return position
            payload = mask(data[start - 4 : start], data[start:end]) if length else b""
            position = end
            if first == 0x81 and payload.isascii():
                frames.append((TEXT, payload))
            elif first == 0x81:
                self._append_text(payload, frames)
            else:
                self._accept(first, payload, frames)

    def _check(self, first: int, second: int, length: int) -> None:
        """Refuse a frame by its header (sections 5.1, 5.2, 5.4, 5.5)."""
        opcode = first & 0x0F
        if first & 0x70:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "an RSV bit is set, but no extension was agreed on")
        if not second & 0x80:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a client's frames must be masked")
        if opcode >= Opcode.CLOSE:
            self._check_control(first, opcode, second)
            return
        if opcode > Opcode.BINARY:
            raise FrameError(CloseCode.PROTOCOL_ERROR, f"opcode {opcode} is reserved")
        if (opcode == Opcode.CONTINUATION) != (self._fragments is not None):
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a continuation without a message, or a message inside one")
        total = length + len(self._fragments or b"")
        if total > self._max_payload_bytes:
            raise FrameError(
                CloseCode.TOO_BIG,
                f"a message of at least {total} bytes; {self._max_payload_bytes} are allowed (max_http_buffer_size)",
            )

    def _check_control(self, first: int, opcode: int, second: int) -> None:
        if opcode > Opcode.PONG:
            raise FrameError(CloseCode.PROTOCOL_ERROR, f"opcode {opcode} is reserved")
        if not first & 0x80:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a control frame may not be fragmented")
        if second & 0x7F > 125:
            raise FrameError(CloseCode.PROTOCOL_ERROR, "a control frame holds at most 125 bytes")

    def _accept(self, first: int, payload: bytes, frames: list[Frame]) -> None:
        """Take one whole frame that is not an unfragmented text."""
        opcode = first & 0x0F
        if opcode >= Opcode.CLOSE:
            frames.append((opcode, payload))
            return
        if self._fragments is None:
            self._message_opcode = opcode
            if first & 0x80:
                frames.append((opcode, payload))
            else:
                self._fragments = bytearray(payload)
            return
        self._fragments += payload
        if first & 0x80:
            whole, self._fragments = bytes(self._fragments), None
            if self._message_opcode == Opcode.TEXT:
                self._append_text(whole, frames)
            else:
                frames.append((Opcode.BINARY, whole))

    def _append_text(self, payload: bytes, frames: list[Frame]) -> None:
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise FrameError(CloseCode.INVALID_PAYLOAD, "a text message is not UTF-8") from None
        frames.append((TEXT, payload))
