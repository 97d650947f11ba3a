"""The Engine.IO sessions of one path: opening, finding and forgetting them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from server.clock import Clock
from server.metrics import Metrics
from server.protocol.engineio import OutgoingMessage, Packet
from server.protocol.engineio_session import CloseReason, EngineOptions, EngineSession, SessionState
from server.realtime.engineio_client import EngineIOClient, MessageHandler
from server.realtime.handshake import Handshake
from server.realtime.origins import OriginPolicy
from server.transport.connection import ConnectionContext, WebSocketConnection
from server.transport.connections import Connections
from server.transport.deadlines import Deadlines

logger = logging.getLogger(__name__)

Application = Callable[[EngineIOClient, Handshake], MessageHandler]
"""Called for each new client, whose open packet has been sent; returns what takes its messages."""


class EngineIOServer:
    """Serves Engine.IO 4 to whichever application is given; the HTTP half is the web handler's."""

    def __init__(
        self,
        application: Application,
        options: EngineOptions,
        context: ConnectionContext,
        connections: Connections,
        origins: OriginPolicy,
    ) -> None:
        self.options = options
        self.connections = connections
        self.origins = origins
        self.clock: Clock = context.clock
        self.deadlines: Deadlines = context.deadlines
        self.metrics: Metrics = context.metrics
        self.call_soon = context.call_soon
        self.call_later = context.call_later
        self.clients: dict[str, EngineIOClient] = {}
        self._application = application

    def find(self, sid: str) -> EngineIOClient | None:
        """Return the client with this session id."""
        client = self.clients.get(sid)
        if client is None:
            self.metrics.unknown_sids += 1
        return client

    def open_polling(self, handshake: Handshake) -> tuple[EngineIOClient, bytes]:
        """Open a session that polls; return it and the body that answers the handshake."""
        client = self._open(SessionState.POLLING)
        body = client.session.handshake()
        self._begin(client, handshake)
        return client, body

    def open_websocket(self, connection: WebSocketConnection, handshake: Handshake) -> EngineIOClient:
        """Open a session on an accepted WebSocket and send its open packet."""
        client = self._open(SessionState.WEBSOCKET)
        client.use(connection)
        client.send_now(OutgoingMessage(Packet(client.session.handshake())))
        self._begin(client, handshake)
        return client

    def _open(self, state: SessionState) -> EngineIOClient:
        session = EngineSession(secrets.token_urlsafe(15), self.options, state, self.clock.monotonic())
        client = EngineIOClient(self, session)
        self.clients[session.sid] = client
        self.deadlines.at(session.deadline, client)
        return client

    def _begin(self, client: EngineIOClient, handshake: Handshake) -> None:
        client.handler = self._application(client, handshake)
        logger.info("engine.io open: client=%s from=%s", client.sid[:6], handshake.address)

    def forget(self, client: EngineIOClient) -> None:
        """Let go of a client whose session is closed."""
        self.clients.pop(client.sid, None)
        self.deadlines.cancel(client)

    def log_close(self, client: EngineIOClient, reason: CloseReason, detail: str) -> None:
        """Write the one line that a close is worth."""
        if reason in (CloseReason.PARSE_ERROR, CloseReason.TRANSPORT_ERROR):
            self.metrics.peer_errors += 1
        logger.info("engine.io close: client=%s reason=%r detail=%r", client.sid[:6], reason.text, detail)

    def close(self) -> None:
        """Close every client without a DISCONNECT packet, so that they come back by themselves."""
        for client in list(self.clients.values()):
            client.close(CloseReason.SERVER_SHUTTING_DOWN)
