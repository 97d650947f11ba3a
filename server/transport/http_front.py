"""HTTP connections before Tornado's parser: a request somebody here knows is answered at once, any other is handed on.

Tornado needs about a quarter of a millisecond to read a request and call a handler; a poll and a POST of a client that
is known need a tenth of that. The choice is made for each request: bytes of another one go to Tornado untouched, and
after its answer the connection is back here.
"""

from __future__ import annotations

import logging
import select
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable

from server.protocol.http_head import MAX_HEAD_BYTES, Head, UnusualRequestError, read_head
from server.transport.connection_context import ConnectionContext
from server.transport.deadlines import NEVER
from server.transport.epoll_reader import EpollReader

logger = logging.getLogger(__name__)

IDLE_SECONDS = 75.0
"""How long a connection may be without a request."""

REQUEST_SECONDS = 30.0
"""How long a request may take to arrive, and a client that does not read may let its answer wait."""

BYTES_PER_READ = 20480
MAX_AHEAD_BYTES = 65536
"""What is read of the next requests while one is being answered."""


class Exchange(ABC):
    """One request that is answered here, from its head to its answer."""

    @abstractmethod
    def take(self, body: bytes) -> None:
        """Take the whole body; sooner or later `HttpConnection.answer` is to be called."""

    @abstractmethod
    def on_lost(self) -> None:
        """Learn that the client is gone and nobody waits for the answer."""


Door = Callable[[Head, "HttpConnection"], Exchange | None]
"""Called with each head; None hands the request on, unless the door took the socket by `HttpConnection.detach`."""

HandOn = Callable[[socket.socket, bytes, "HttpConnection"], None]
"""Takes over a socket and what was read from it."""


class HttpConnection:
    """Reads one request after the other from a plain socket; the next waits for the answer of the one before."""

    __slots__ = (
        "_began_at",
        "_buffer",
        "_context",
        "_door",
        "_events",
        "_exchange",
        "_hand_on",
        "_head",
        "_is_busy",
        "_is_open",
        "_reader",
        "_remainder",
        "_socket",
        "address",
        "descriptor",
        "wakes_at",
    )

    def __init__(
        self,
        context: ConnectionContext,
        reader: EpollReader,
        sock: socket.socket,
        address: object,
        door: Door,
        hand_on: HandOn,
    ) -> None:
        self.address = address
        self.descriptor = sock.fileno()
        self.wakes_at = NEVER
        self._context = context
        self._reader = reader
        self._socket = sock
        self._door = door
        self._hand_on = hand_on
        self._buffer: bytes | bytearray = b""
        self._events = select.EPOLLIN
        self._remainder = b""
        self._head: Head | None = None
        self._exchange: Exchange | None = None
        self._is_busy = False
        """Whether a request is being answered, or its answer written."""
        self._is_open = True
        """Whether the socket is read here."""
        self._began_at = context.clock.monotonic()

    def start(self, data: bytes = b"") -> None:
        """Begin to read; ``data`` has been read already."""
        self._reader.add(self.descriptor, self, self._events)
        self._context.deadlines.at(self._began_at + IDLE_SECONDS, self)
        if data:
            self._take_in(data)

    # In.

    def on_readable(self) -> None:
        """Read once and see what can be done."""
        try:
            data = self._socket.recv(BYTES_PER_READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._take_in(data)

    def _take_in(self, data: bytes) -> None:
        if not self._buffer:
            self._began_at = self._context.clock.monotonic()
            self._buffer = data  # most requests come whole, and are cut without a copy
        else:
            if not isinstance(self._buffer, bytearray):
                self._buffer = bytearray(self._buffer)  # grows in place: trickling costs no quadratic copying
            self._buffer += data
        if not self._is_busy:
            self._advance()
        elif len(self._buffer) > MAX_AHEAD_BYTES:
            self._watch(0)

    def _watch(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self._reader.watch(self.descriptor, events)

    def _await(self, events: int) -> None:
        """Wait for the rest of a request, or until more of an answer can leave, but not for ever."""
        self._watch(events)
        self._context.deadlines.at(self._began_at + REQUEST_SECONDS, self)

    def _advance(self) -> None:
        """Take the request that has begun, if it is whole; the one after it has its turn later."""
        if self._exchange is None and not self._begin():
            return
        head, exchange = self._head, self._exchange
        if head is None or exchange is None or len(self._buffer) < head.size_bytes + head.headers.content_length:
            self._await(select.EPOLLIN)
            return
        end = head.size_bytes + head.headers.content_length
        body = bytes(self._buffer[head.size_bytes : end])
        self._buffer = self._buffer[end:] if end < len(self._buffer) else b""
        self._context.metrics.bytes_in += end
        self._is_busy = True
        exchange.take(body)

    def _begin(self) -> bool:
        """Read the head, if it is whole, and ask the door; tell whether the request stays here."""
        try:
            self._head = read_head(bytes(self._buffer[: MAX_HEAD_BYTES + 1]))
        except UnusualRequestError:
            self._hand_over()
            return False
        if self._head is not None:
            self._exchange = self._door(self._head, self)
            if self._exchange is None:
                if self._is_open:
                    self._hand_over()
                return False
        return True

    def head_bytes(self) -> bytes:
        """Return the head that the door is asked about, as it came."""
        return bytes(self._buffer[: self._head.size_bytes]) if self._head is not None else b""

    def detach(self) -> tuple[socket.socket, bytes]:
        """Give the socket away, and what came behind the head; called by the door, which then returns None."""
        self._leave()
        size = self._head.size_bytes if self._head is not None else 0
        data, self._buffer = bytes(self._buffer[size:]), b""
        return self._socket, data

    def _hand_over(self) -> None:
        """Let somebody else have the connection, with the request that has begun."""
        self._leave()
        self._hand_on(self._socket, bytes(self._buffer), self)
        self._buffer = b""

    # Out.

    def answer(self, data: bytes) -> None:
        """Send the whole answer to the request that was taken; then the next one is read."""
        if self._exchange is None:
            return  # the client went away, or was cut off
        self._exchange = None
        self._context.metrics.polling_requests += 1
        self._began_at = self._context.clock.monotonic()
        self._remainder = data
        self.on_writable()

    def on_writable(self) -> None:
        """Write what waits; when all has left, go on."""
        if not self._remainder:
            return  # it has left in the turn before
        try:
            sent = self._socket.send(self._remainder)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        self._context.metrics.bytes_out += sent
        self._remainder = self._remainder[sent:]
        if self._remainder:
            if sent:
                self._began_at = self._context.clock.monotonic()
            self._await(select.EPOLLOUT)
            return
        self._finish_answer()

    def _finish_answer(self) -> None:
        head, self._head = self._head, None
        self._is_busy = False
        if head is not None and not head.headers.keeps_alive:
            self.close()
            return
        self._watch(select.EPOLLIN if len(self._buffer) <= MAX_AHEAD_BYTES else 0)
        if self._buffer:
            self._context.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._is_open and self._buffer and not self._is_busy:
            self._advance()

    # The end.

    def close(self) -> None:
        """Close the connection; an exchange that has no answer yet is told."""
        if not self._is_open:
            return
        self._leave()
        self._socket.close()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.on_lost()

    def abort(self) -> None:
        """Close the connection, as the server stops."""
        self.close()

    def _leave(self) -> None:
        self._is_open = False
        self._reader.forget(self.descriptor)
        self._context.deadlines.cancel(self)

    def on_deadline(self, now: float) -> float | None:
        """Close a connection that is idle, or whose request or answer is stuck; see `Expirable`."""
        if self._is_busy and not self._remainder:
            return now + REQUEST_SECONDS  # whoever answers has limits of its own
        limit = REQUEST_SECONDS if self._buffer or self._remainder else IDLE_SECONDS
        if now < self._began_at + limit:
            return self._began_at + limit
        self.close()
        return None
