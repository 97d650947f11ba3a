"""Tornado's HTTP server behind a front that answers the requests it knows itself."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Mapping
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, SSLIOStream

from handlers.streams.engine_front import EngineFront
from server.protocol.forwarding import TrustedProxies, peer_of
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
    _proxies = TrustedProxies()

    def trust(self, proxies: TrustedProxies) -> None:
        """Believe these proxies where a request came from; call this before `serve_in_front`."""
        self._proxies = proxies

    def serve_in_front(self, runtime: Runtime, engines: Mapping[str, EngineIOServer]) -> None:
        """Answer the clients of these engines, by path; without epoll Tornado does, as without this call.

        So it does where ``xheaders`` or ``protocol`` say that a proxy stands before us: that is not read here.
        """
        reader = runtime.connections.epoll
        if reader is not None and not self.xheaders and self.protocol is None:
            self._front = runtime.context, reader, EngineFront(engines, self._proxies).begin

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Let what Tornado reads say where it came from."""
        delegate = super().start_request(server_conn, request_conn)
        return ForwardedRequest(delegate, request_conn, self._proxies) if self._proxies else delegate

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


class ForwardedRequest(HTTPMessageDelegate):
    """A request that a proxy may have brought: its address and scheme are set before anybody asks for them."""

    def __init__(self, delegate: HTTPMessageDelegate, connection: HTTPConnection, proxies: TrustedProxies) -> None:
        self._delegate = delegate
        self._connection: Any = connection
        self._proxies = proxies

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        context = self._connection.context
        scheme = "https" if isinstance(self._connection.stream, SSLIOStream) else "http"
        # Set for each request: what one of them said must not hold for the next on the same connection.
        context.remote_ip, context.protocol = self._proxies.client(peer_of(context.address), scheme, headers)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
