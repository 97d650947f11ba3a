"""The one place that touches private names of Tornado: what they are, and what they are needed for.

- ``tornado.util._websocket_mask``: unmasking in C.
- ``WebSocketProtocol13._receive_frame_loop``: to have Tornado accept a WebSocket and then not read from it.
- ``IOStream._state`` and ``IOStream._read_buffer``: to take a socket and what was read from it out of its stream.
"""

from __future__ import annotations

import socket

from tornado.iostream import IOStream
from tornado.util import _websocket_mask
from tornado.websocket import WebSocketHandler, WebSocketProtocol13, _WebSocketParams

websocket_mask = _websocket_mask


class _AcceptOnly(WebSocketProtocol13):
    """Answers the handshake; the connection is somebody else's after ``open``."""

    async def _receive_frame_loop(self) -> None:
        """Read nothing."""


def accept_only_protocol(handler: WebSocketHandler) -> WebSocketProtocol13 | None:
    """Return what `WebSocketHandler.get_websocket_protocol` has to, or None for an unknown protocol version."""
    if handler.request.headers.get("Sec-WebSocket-Version") != "13":
        return None
    return _AcceptOnly(handler, False, _WebSocketParams())


def release_socket(stream: IOStream) -> tuple[socket.socket, bytes]:
    """Take the socket out of a plain stream with nothing left to write; the stream is dead after it.

    Returns the socket and the bytes that were already read from it.
    """
    if stream._state is not None:
        stream.io_loop.remove_handler(stream.socket)
        stream._state = None
    return stream.socket, bytes(stream._read_buffer)
