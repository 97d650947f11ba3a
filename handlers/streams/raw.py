"""The door of the raw WebSocket streams."""

from __future__ import annotations

from handlers.streams.accepting import AcceptingHandler
from server.protocol.websocket_frames import CloseCode
from server.realtime.origins import OriginPolicy
from server.realtime.raw_client import RawClient
from server.transport.connection import WebSocketConnection
from server.transport.connections import Connections


def refuse(connection: WebSocketConnection, reason: str) -> None:
    """Close a connection with 4401 before anything is sent."""
    connection.receiver = _Nobody()
    connection.close(CloseCode.UNAUTHORIZED, reason)


class RawStreamHandler(AcceptingHandler):
    """Accepts a raw WebSocket; a subclass says which client it becomes."""

    def initialize(self, *, connections: Connections, origins: OriginPolicy) -> None:
        self.connections = connections
        self.origins = origins

    def open_client(self, connection: WebSocketConnection) -> RawClient:
        """Return the client for an accepted connection."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Hold the request against the Origin rule."""
        self.refuse_foreign_origin()

    async def get(self) -> None:
        """Accept the WebSocket."""
        if not self.is_upgrade:
            self.set_status(426)
            self.set_header("Upgrade", "websocket")
            self.finish("this is a WebSocket: ask for it with the headers Connection: Upgrade and Upgrade: websocket")
            return
        await self.accept()

    def took_over(self, connection: WebSocketConnection) -> None:
        """See `AcceptingHandler.took_over`."""
        self.open_client(connection).begin(self.request.remote_ip or "")


class _Nobody:
    """Receives for a connection that was refused."""

    def on_text(self, data: bytes) -> None: ...

    def on_binary(self, data: bytes) -> None: ...

    def on_close(self, code: int, reason: str) -> None: ...
