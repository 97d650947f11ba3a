"""A WebSocket that is being tried out for a session that polls (protocol v4, "Upgrade")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.errors import PeerError
from server.protocol.engineio import PROBE_PONG
from server.protocol.engineio_session import Input
from server.protocol.websocket_frames import CloseCode
from server.transport.connection import WebSocketConnection
from server.transport.deadlines import NEVER

if TYPE_CHECKING:
    from server.realtime.engineio_client import EngineIOClient
    from server.realtime.engineio_server import EngineIOServer


class Probe:
    """Receives from the WebSocket until it carries the session, or fails; then the session polls on."""

    __slots__ = ("_client", "_connection", "_server", "wakes_at")

    def __init__(self, server: EngineIOServer, client: EngineIOClient, connection: WebSocketConnection) -> None:
        self.wakes_at = NEVER
        self._server = server
        self._client = client
        self._connection = connection
        connection.receiver = self

    def begin(self) -> None:
        """Attach to the session; one that has or tries another WebSocket keeps that, and this one is closed."""
        try:
            self._client.session.step(Input.ATTACH)
        except PeerError as error:
            self._connection.close(CloseCode.POLICY_VIOLATION, str(error))
            return
        self._client.probe = self
        timeout = self._client.session.options.upgrade_timeout
        self._server.deadlines.at(self._server.clock.monotonic() + timeout, self)

    def on_text(self, data: bytes) -> None:
        """Take ``2probe`` and ``5``; anything else ends the try, and only it."""
        if data == b"2probe":
            self._connection.send_now(PROBE_PONG.frame)
            self._client.release_poll()
        elif data == b"5":
            self._server.deadlines.cancel(self)
            self._client.upgrade(self._connection)
        else:
            self._fail(CloseCode.PROTOCOL_ERROR, f"while probing, 2probe and 5 are allowed; got {data[:20]!r}")

    def on_binary(self, data: bytes) -> None:
        """Refuse it: nothing binary belongs here."""
        self._fail(CloseCode.PROTOCOL_ERROR, "while probing, 2probe and 5 are allowed; got a binary message")

    def on_close(self, code: int, reason: str) -> None:
        """Let the session poll on."""
        self._detach()

    def on_deadline(self, now: float) -> float | None:
        """Give up an upgrade that takes too long; see `Expirable`."""
        self._fail(CloseCode.POLICY_VIOLATION, "upgrade timeout")
        return None

    def _fail(self, code: CloseCode, text: str) -> None:
        self._detach()
        self._connection.close(code, text)

    def _detach(self) -> None:
        self._server.deadlines.cancel(self)
        if self._client.probe is self:
            self._client.probe = None
            self._client.session.step(Input.DETACH)

    def drop(self) -> None:
        """Close the WebSocket: the session has ended."""
        self._server.deadlines.cancel(self)
        self._connection.close(CloseCode.NORMAL, "the session closed")
