"""Tornado's HTTP server behind a front that answers the requests it knows itself."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, SSLIOStream

from handlers.streams.engine_front import EngineFront
from server.realtime.engineio_server import EngineIOServer
from server.realtime.runtime import Runtime
from server.transport.connection_context import ConnectionContext
from server.transport.epoll_reader import EpollReader
from server.transport.http_front import Door, HttpConnection
from server.transport.tornado_private import OneRequestConnection, make_request_context, release_socket, unread


class FrontServer(HTTPServer):
    """An `HTTPServer` that answers Engine.IO clients itself once it is told of the engines whose they are.

    Every request on a plain connection is looked at before Tornado reads it. What is neither a poll of a known client
    nor a WebSocket handshake Tornado answers, one request, after which the connection is looked at again.
    """

    _front: tuple[ConnectionContext, EpollReader, Door] | None = None
    _is_closing = False

    def serve_in_front(self, runtime: Runtime, engines: Mapping[str, EngineIOServer]) -> None:
        """Answer the clients of these engines, by path; without epoll Tornado does, as without this call.

        So it does where ``xheaders`` or ``protocol`` say that a proxy stands before us: that is not read here.
        """
        reader = runtime.connections.epoll
        if reader is not None and not self.xheaders and self.protocol is None:
            self._front = runtime.context, reader, EngineFront(engines).begin

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Take a connection, new or back from Tornado."""
        if self._front is None or isinstance(stream, SSLIOStream):
            super().handle_stream(stream, address)
        elif self._is_closing:
            stream.close()
        else:
            context, reader, door = self._front
            stream.set_nodelay(True)  # an answer leaves in one write, and need not wait for the one before
            sock, data = release_socket(stream)
            HttpConnection(context, reader, sock, address, door, self._hand_on).start(data)

    async def close_all_connections(self) -> None:
        """Close the connections at the door too: none of them may bring a request to a server that has stopped."""
        self._is_closing = True
        if self._front is not None:
            for connection in list(self._front[1].connections.values()):
                if isinstance(connection, HttpConnection):
                    connection.close()
        await super().close_all_connections()

    def _hand_on(self, sock: socket.socket, data: bytes, connection: HttpConnection) -> None:
        stream = IOStream(sock, max_buffer_size=self.max_buffer_size, read_chunk_size=self.read_chunk_size)
        unread(stream, data)
        one = OneRequestConnection(stream, self.conn_params, make_request_context(stream, connection.address))
        one.when_done = lambda: self.handle_stream(stream, connection.address)
        self._connections.add(one)
        one.start_serving(self)
