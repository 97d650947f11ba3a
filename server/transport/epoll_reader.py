"""All connections read here in one epoll, itself one descriptor of the IOLoop: a loop turn handles a batch of them.

Asyncio's cost for one ready socket (selector key, handle, context) is as much as all the rest of an echo; here it is
paid once a batch.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
from collections.abc import Callable
from typing import Protocol

from tornado.ioloop import IOLoop

from server.transport.connection import WebSocketConnection
from server.transport.connection_context import ConnectionContext

logger = logging.getLogger(__name__)

BATCHES_PER_TURN = 32
SECONDS_PER_TURN = 0.005
"""After these, timers, HTTP and accepting have their turn first; what is ready stays so."""

SOCKETS_PER_BATCH = 8
"""How many are taken from the epoll, and all handled. It moves what it hands out behind all that is ready else, so that
turns go round; were more taken than there is time for, the first would always be served first."""

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT

BYTES_PER_READ = 20480
"""Holds a message of 16 KiB; of the smallest frames not so many that they fill several turns."""


class Ready(Protocol):
    """What stands behind one descriptor of the epoll."""

    def on_readable(self) -> None:
        """Read once: there are bytes, or the end."""

    def on_writable(self) -> None:
        """Write what waits."""

    def abort(self) -> None:
        """Cut the connection."""


class EpollReader:
    """Owns the epoll and what is in it. Linux only."""

    def __init__(self, context: ConnectionContext) -> None:
        self._context = context
        self._loop = IOLoop.current()
        self._epoll = select.epoll()
        self.connections: dict[int, Ready] = {}
        self._loop.add_handler(self._epoll.fileno(), self._turn, IOLoop.READ)

    def open(self, sock: socket.socket) -> EpollConnection:
        """Take over a connected, non-blocking plain socket; `EpollConnection.start` begins to read."""
        connection = EpollConnection(self._context, sock, self)
        self.add(connection.descriptor, connection, 0)
        return connection

    def add(self, descriptor: int, connection: Ready, events: int) -> None:
        """Watch a non-blocking descriptor for ``events``."""
        self.connections[descriptor] = connection
        self._epoll.register(descriptor, events)

    def watch(self, descriptor: int, events: int) -> None:
        """Ask for ``events`` of one connection."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Take one connection out, before its socket is closed."""
        if self.connections.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def _turn(self, descriptor: int, events: int) -> None:
        monotonic, poll = self._context.clock.monotonic, self._epoll.poll
        until = monotonic() + SECONDS_PER_TURN
        for _ in range(BATCHES_PER_TURN):
            batch = poll(0, SOCKETS_PER_BATCH)
            self._handle(batch)
            if len(batch) < SOCKETS_PER_BATCH or monotonic() > until or self._epoll.closed:
                return

    def _handle(self, batch: list[tuple[int, int]]) -> None:
        find = self.connections.get
        for ready, mask in batch:
            connection = find(ready)
            if connection is None:
                continue  # closed by one handled before it
            if mask == READABLE:
                connection.on_readable()
            else:
                if mask & WRITABLE:
                    connection.on_writable()
                if mask & ~WRITABLE:
                    connection.on_readable()

    def close(self) -> None:
        """Give the epoll back; its connections are closed by now."""
        if not self._epoll.closed:
            self._loop.remove_handler(self._epoll.fileno())
            self._epoll.close()


class EpollConnection(WebSocketConnection):
    """A connection whose plain socket is read and written directly."""

    __slots__ = ("_events", "_recv", "_socket", "_turns", "_write_some", "descriptor")

    _write_some: Callable[[bytes], int]

    def __init__(self, context: ConnectionContext, sock: socket.socket, reader: EpollReader) -> None:
        super().__init__(context)
        self._socket = sock
        self._recv = sock.recv
        self._write_some = sock.send
        self._turns = reader
        self._events = 0
        self.descriptor = sock.fileno()

    def on_readable(self) -> None:
        """Read once and deliver."""
        try:
            data = self._recv(BYTES_PER_READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(str(error))
            return
        if data:
            self._receive(data)
        else:
            self._lose("the peer went away")

    def on_writable(self) -> None:
        """Write what waits."""
        self._flush()

    def _watch_writable(self, wanted: bool) -> None:
        self._watch(self._events | WRITABLE if wanted else self._events & ~WRITABLE)

    def _watch_readable(self, wanted: bool) -> None:
        self._watch(self._events | READABLE if wanted else self._events & ~READABLE)

    def _watch(self, events: int) -> None:
        if events != self._events:
            self._events = events
            self._turns.watch(self.descriptor, events)

    def _end_writing(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _destroy(self) -> None:
        self._turns.forget(self.descriptor)
        self._socket.close()
