"""The client's side of RFC 6455: frames to send, and the server's frames read back."""

from __future__ import annotations

from typing import NamedTuple

from server.protocol.websocket_frames import Opcode, xor_mask

MASK_KEY = b"\x37\xfa\x21\x3d"


class ServerFrame(NamedTuple):
    """One frame as the server wrote it."""

    first: int
    payload: bytes

    @property
    def opcode(self) -> Opcode:
        return Opcode(self.first & 0x0F)


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    reserved: int = 0,
    masked: bool = True,
    key: bytes = MASK_KEY,
    length_bytes: int = 0,
) -> bytes:
    """Build one frame as a client sends it; ``length_bytes`` of 2 or 8 forces that long a length field."""
    length = len(payload)
    size = length_bytes or (0 if length < 126 else 2 if length < 0x10000 else 8)
    short = {0: length, 2: 126, 8: 127}[size]
    header = bytes(((0x80 if final else 0) | reserved << 4 | opcode, (0x80 if masked else 0) | short))
    header += length.to_bytes(size, "big") if size else b""
    return header + (key + xor_mask(key, payload) if masked else payload)


def text(data: bytes | str) -> bytes:
    """Build one masked text frame."""
    return client_frame(Opcode.TEXT, data.encode() if isinstance(data, str) else data)


def binary(data: bytes) -> bytes:
    """Build one masked binary frame."""
    return client_frame(Opcode.BINARY, data)


def close(code: int | None = 1000, reason: bytes = b"") -> bytes:
    """Build one masked close frame; with None it is empty."""
    return client_frame(Opcode.CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


def read_server_frames(data: bytes) -> tuple[list[ServerFrame], bytes]:
    """Cut whole server frames off ``data``; return them and the rest. A masked one is an AssertionError."""
    frames: list[ServerFrame] = []
    while len(data) >= 2:
        assert data[1] < 0x80, "a server never masks"
        size = {126: 2, 127: 8}.get(data[1], 0)
        start = 2 + size
        length = int.from_bytes(data[2:start], "big") if size else data[1]
        if len(data) < start + length:
            break
        frames.append(ServerFrame(data[0], data[start : start + length]))
        data = data[start + length :]
    return frames, data
