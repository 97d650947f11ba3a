"""The one place that touches private names of Tornado: what they are, and what they are needed for.

- ``tornado.util._websocket_mask``: unmasking in C.
- ``RequestHandler._headers`` and ``RequestHandler._new_cookie``: to answer a WebSocket handshake with what was set on
  the handler, and without Tornado's protocol object.
- ``IOStream._state``, ``IOStream._read_buffer`` and ``IOStream._read_buffer_size``: to take a socket and what was read
  from it out of its stream, and to give a stream what was read from its socket before.
- ``HTTP1ServerConnection._server_request_loop`` and ``httpserver._HTTPRequestContext``: to have Tornado answer one
  request of a connection and then not read from it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httpserver import _HTTPRequestContext
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.iostream import IOStream, StreamClosedError, UnsatisfiableReadError
from tornado.util import _websocket_mask
from tornado.web import RequestHandler
from tornado.websocket import WebSocketProtocol13

logger = logging.getLogger(__name__)

websocket_mask = _websocket_mask


def switching_answer(handler: RequestHandler, key: str) -> bytes:
    """Return the answer that accepts a WebSocket (RFC 6455, 4.2.2), with the headers and cookies set on ``handler``."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {WebSocketProtocol13.compute_accept_value(key)}",
    ]
    lines += [f"{name}: {value}" for name, value in handler._headers.get_all() if name != "Content-Type"]
    cookies = getattr(handler, "_new_cookie", {})
    lines += [f"Set-Cookie: {cookie.OutputString()}" for cookie in cookies.values()]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


def release_socket(stream: IOStream) -> tuple[socket.socket, bytes]:
    """Take the socket out of a plain stream with nothing left to write; the stream is dead after it.

    Returns the socket and the bytes that were already read from it.
    """
    if stream._state is not None:
        stream.io_loop.remove_handler(stream.socket)
        stream._state = None
    return stream.socket, bytes(stream._read_buffer)


def unread(stream: IOStream, data: bytes) -> None:
    """Let a new stream begin with ``data``, which was read from its socket already."""
    stream._read_buffer += data
    stream._read_buffer_size += len(data)


def make_request_context(stream: IOStream, address: Any) -> object:
    """Return what `HTTPServer.handle_stream` gives a plain connection."""
    return _HTTPRequestContext(stream, address, None)


class OneRequestConnection(HTTP1ServerConnection):
    """Answers one request; then ``when_done`` may take the socket out of the stream."""

    when_done: Callable[[], None]

    async def _server_request_loop(self, delegate: HTTPServerConnectionDelegate) -> None:
        """Do one turn of what the base class does for ever."""
        connection = HTTP1Connection(self.stream, False, self.params, self.context)
        try:
            keeps_alive = await connection.read_response(delegate.start_request(self, connection))
            if keeps_alive and self.stream.writing():
                await self.stream.write(b"")  # wait until all has left
        except (StreamClosedError, UnsatisfiableReadError, asyncio.CancelledError):
            return
        except Exception:
            logger.exception("a request failed")
            connection.close()
            return
        finally:
            delegate.on_close(self)
        if keeps_alive and not self.stream.closed():
            self.when_done()
