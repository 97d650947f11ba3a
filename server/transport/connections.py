"""How an accepted WebSocket becomes a connection: the epoll reader where it can be, the IOStream elsewhere."""

from __future__ import annotations

import select
import socket
from typing import Literal
from weakref import WeakSet

from tornado.iostream import IOStream, SSLIOStream

from server.protocol.websocket_frames import CloseCode
from server.transport.connection import WebSocketConnection
from server.transport.connection_context import ConnectionContext
from server.transport.epoll_reader import EpollReader, Ready
from server.transport.stream_connection import StreamConnection
from server.transport.tornado_private import release_socket

ReaderName = Literal["epoll", "iostream"]


class Connections:
    """Opens and, at the end, closes the WebSocket connections of a server."""

    def __init__(self, context: ConnectionContext, reader: ReaderName = "epoll") -> None:
        self._context = context
        self._streams: WeakSet[StreamConnection] = WeakSet()
        self.epoll = EpollReader(context) if reader == "epoll" and hasattr(select, "epoll") else None
        """Where plain sockets are read; None where that cannot be."""

    def open(self, stream: IOStream) -> tuple[WebSocketConnection, bytes]:
        """Take over an accepted stream; return the connection and the bytes that `start` is to be given."""
        if not stream.closed() and stream.socket.family != getattr(socket, "AF_UNIX", None):
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.epoll is None or isinstance(stream, SSLIOStream) or stream.writing() or stream.closed():
            connection = StreamConnection(self._context, stream)
            self._streams.add(connection)
            return connection, b""
        sock, data = release_socket(stream)
        return self.epoll.open(sock), data

    def adopt(self, sock: socket.socket) -> WebSocketConnection:
        """Take over a plain socket that was read by the epoll before, and whose handshake is done."""
        if self.epoll is None:
            raise RuntimeError("without epoll no socket is read here")
        return self.epoll.open(sock)

    def _all(self) -> list[WebSocketConnection | Ready]:
        return [*self._streams, *(self.epoll.connections.values() if self.epoll is not None else ())]

    def say_goodbye(self, reason: str) -> None:
        """Send every WebSocket that is still there a close frame with 1001."""
        for connection in self._all():
            if isinstance(connection, WebSocketConnection):
                connection.close(CloseCode.GOING_AWAY, reason)

    def close(self) -> None:
        """Cut what is still open."""
        for connection in self._all():
            connection.abort()
        if self.epoll is not None:
            self.epoll.close()
