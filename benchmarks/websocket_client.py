"""A WebSocket client that costs little: thousands of them live in one thread over one epoll."""

from __future__ import annotations

import socket

from benchmarks.site import WrongAnswerError
from server.protocol.websocket_frames import Opcode, build_frame

SOCKETIO_PATH = "/socket.io/?EIO=4&transport=websocket"
RECEIVE_BYTES = 1 << 18
PATIENCE_SECONDS = 15.0
NO_MASK = bytes(4)
"""A mask of zeros: the payload is what it is."""

_TEXT, _PING = 0x80 | Opcode.TEXT, 0x80 | Opcode.PING
_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def client_frame(opcode: Opcode, payload: bytes) -> bytes:
    """Return the frame of a client."""
    frame = build_frame(opcode, payload)
    head = len(frame) - len(payload)
    return bytes((frame[0], frame[1] | 0x80)) + frame[2:head] + NO_MASK + payload


class WebSocketClient:
    """One connection; ``receive_buffer`` is what the kernel may hold for a client that does not read, 0: as usual."""

    def __init__(self, port: int, path: str, receive_buffer: int = 0) -> None:
        self._rest = b""
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE_SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(_HANDSHAKE.format(path=path).encode())
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise WrongAnswerError(head.decode())

    def send_text(self, text: bytes) -> None:
        """Send one text message."""
        self.sock.sendall(client_frame(Opcode.TEXT, text))

    def receive(self) -> list[bytes]:
        """Return the whole texts that one read brings; a ping is answered."""
        self._rest += self._read()
        return self.take()

    def take(self) -> list[bytes]:
        """Return the whole texts that are there without a read: what came right behind the handshake."""
        data = self._rest
        texts: list[bytes] = []
        start, end = 0, len(data)
        while end - start >= 2:
            begin, length = start + 2, data[start + 1]
            if length >= 126:
                begin += 2 if length == 126 else 8
                length = int.from_bytes(data[start + 2 : begin], "big")
            if end < begin + length:
                break
            payload = data[begin : begin + length]
            if data[start] == _TEXT:
                texts.append(payload)
            elif data[start] == _PING:
                self.sock.sendall(client_frame(Opcode.PONG, payload))
            else:
                raise WrongAnswerError(f"got {data[start : begin + length][:100]!r}")
            start = begin + length
        self._rest = data[start:]
        return texts

    def _read(self) -> bytes:
        data = self.sock.recv(RECEIVE_BYTES)
        if not data:
            raise WrongAnswerError("the server has closed a connection")
        return data
