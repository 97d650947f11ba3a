"""Streams of notifications in one thread over one epoll; some vanish, as a machine does that loses its power."""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import orjson

from benchmarks.chat.population import Signed
from benchmarks.site import WrongAnswerError
from benchmarks.websocket_client import PATIENCE_SECONDS, RECEIVE_BYTES, WebSocketClient

SO_ATTACH_FILTER = 26
DROP_EVERYTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A packet filter of one instruction: keep 0 bytes."""

_ABORT = struct.pack("ii", 1, 0)
_REQUEST = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"


class Stream(Protocol):
    """One open stream."""

    sock: socket.socket

    def receive_ids(self) -> list[str]:
        """Return the ids of the notifications that one read brings; WrongAnswerError when it has ended."""


class WebSocketStream(WebSocketClient):
    """``ws /api/ws/notifications``."""

    def __init__(self, port: int, token: str, after: str) -> None:
        super().__init__(port, f"/api/ws/notifications?token={token}&after={after}")

    def receive_ids(self) -> list[str]:
        """See `Stream`."""
        messages = [orjson.loads(text) for text in self.receive()]
        return [one["data"]["id"] for one in messages if one["type"] == "notification"]


class EventStream:
    """``GET /api/notifications/stream``."""

    def __init__(self, port: int, token: str, after: str) -> None:
        self._rest = b""
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self.sock.sendall(_REQUEST.format(path=f"/api/notifications/stream?token={token}&after={after}").encode())
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise WrongAnswerError(head.decode())

    def receive_ids(self) -> list[str]:
        """See `Stream`."""
        self._read()
        *events, self._rest = self._rest.split(b"\n\n")
        found = []
        for event in events:
            lines = dict(line.split(b": ", 1) for line in event.split(b"\n"))
            if lines.get(b"event") == b"closed":
                raise WrongAnswerError(f"a stream was closed: {event.decode()}")
            if b"id" in lines:
                found.append(lines[b"id"].decode())
        return found

    def _read(self) -> None:
        data = self.sock.recv(RECEIVE_BYTES)
        if not data:
            raise WrongAnswerError("the server has closed a stream")
        self._rest += data


KINDS: dict[str, type[EventStream | WebSocketStream]] = {"SSE": EventStream, "WebSocket": WebSocketStream}


class Seat:
    """One user and the stream the user has; the next stream goes on behind what was got so far."""

    def __init__(self, who: Signed, kind: str) -> None:
        self.who = who
        self.kind = kind
        self.got = 0
        self._last_id = ""
        self._stream: Stream

    def open(self, port: int) -> int:
        """Open a stream; return its descriptor."""
        self._stream = KINDS[self.kind](port, self.who.token, self._last_id)
        return self._stream.sock.fileno()

    def read(self) -> None:
        """Take what has come: each notification once and in order, else WrongAnswerError."""
        for one in self._stream.receive_ids():
            if one <= self._last_id:
                raise WrongAnswerError(f"a {self.kind} stream brought {one} behind {self._last_id}")
            self._last_id = one
            self.got += 1

    def leave(self) -> socket.socket:
        """Let go of the stream; return its socket."""
        return self._stream.sock


class Crowd:
    """Everyone's streams; what is in the sockets of the vanished stays there, since they do not answer any more."""

    def __init__(self, port: int, seats: Sequence[Seat]) -> None:
        self._port = port
        self._seats = seats
        self._epoll = select.epoll()
        self._open: dict[int, Seat] = {}
        self._vanished: list[socket.socket] = []
        self.opened = 0

    @property
    def vanished(self) -> int:
        """How many streams have vanished so far."""
        return len(self._vanished)

    def open(self) -> None:
        """Open everyone's stream."""
        for seat in self._seats:
            self._seat(seat)

    def close(self) -> None:
        """Close everyone's stream as a client does that leaves."""
        for seat in tuple(self._open.values()):
            self._unseat(seat).close()

    def read(self, seconds: float) -> None:
        """Take what comes in this time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read_for(left)

    def catch_up(self, expected: dict[str, int]) -> None:
        """Take what is still to come: so many notifications for each user's id, and none more."""
        end = time.monotonic() + PATIENCE_SECONDS
        while late := [seat for seat in self._seats if seat.got < expected[seat.who.user.id]]:
            left = end - time.monotonic()
            if left <= 0:
                raise WrongAnswerError(f"{len(late)} streams did not bring everything")
            self._read_for(left)
        for seat in self._seats:
            if seat.got != expected[seat.who.user.id]:
                raise WrongAnswerError(f"a {seat.kind} stream brought {seat.got} of {expected[seat.who.user.id]}")

    def replace(self, seats: Sequence[Seat]) -> None:
        """Let these streams vanish: no FIN, no RST, no acknowledgement; their users open others."""
        for seat in seats:
            sock = self._unseat(seat)
            drop_everything(sock)
            self._vanished.append(sock)
            self._seat(seat)

    def bury(self) -> None:
        """Let go of the sockets of the vanished."""
        for sock in self._vanished:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            sock.close()
        self._vanished.clear()
        self._epoll.close()

    def _seat(self, seat: Seat) -> None:
        descriptor = seat.open(self._port)
        self._open[descriptor] = seat
        self._epoll.register(descriptor, select.EPOLLIN)
        self.opened += 1

    def _unseat(self, seat: Seat) -> socket.socket:
        sock = seat.leave()
        self._epoll.unregister(sock.fileno())
        del self._open[sock.fileno()]
        return sock

    def _read_for(self, seconds: float) -> None:
        for seat in self._ready(seconds):
            try:
                seat.read()
            except OSError as error:
                raise WrongAnswerError(f"a {seat.kind} stream was cut: {error}") from error

    def _ready(self, seconds: float) -> Iterator[Seat]:
        for descriptor, _ in self._epoll.poll(seconds):
            yield self._open[descriptor]


def drop_everything(sock: socket.socket) -> None:
    """Let the kernel drop whatever comes for a socket, before TCP sees it."""
    instruction = ctypes.create_string_buffer(DROP_EVERYTHING)
    program = struct.pack("HL", 1, ctypes.addressof(instruction))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
