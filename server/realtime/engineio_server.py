"""The Engine.IO sessions of one path: admitting, opening, finding and forgetting them."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from server.clock import Clock
from server.log_context import of_connection
from server.metrics import Metrics
from server.protocol.engineio import OutgoingMessage, Packet
from server.protocol.engineio_codecs import V4, Codec, Payload
from server.protocol.engineio_request import Refusal, RequestFault
from server.protocol.engineio_session import CloseReason, EngineOptions, EngineSession, EngineSession3, SessionState
from server.realtime.engineio_client import EngineIOClient
from server.realtime.handshake import Handshake
from server.realtime.message_handler import MessageHandler
from server.realtime.origins import OriginPolicy
from server.transport.connection import WebSocketConnection
from server.transport.connection_context import ConnectionContext
from server.transport.connections import Connections
from server.transport.deadlines import Deadlines

logger = logging.getLogger(__name__)

Application = Callable[[EngineIOClient, Handshake], MessageHandler]
"""Called for each new client, whose open packet has been sent; returns what takes its messages."""

AllowRequest = Callable[[Handshake], Awaitable[str | None] | str | None]
"""Called before a session is opened; returns None to allow it, or the reason that the client is told."""

RefusalListener = Callable[[Refusal, Handshake], object]
"""Told of every request that was refused with one of the reference's codes."""

REMEMBERED_ADDRESSES = 1000
"""For how many addresses an unsupported version is logged once only."""


class EngineIOServer:
    """Serves Engine.IO to whichever application is given; the HTTP half is the web handler's."""

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
        self.ids = context.ids
        self.call_soon = context.call_soon
        self.call_later = context.call_later
        self.clients: dict[str, EngineIOClient] = {}
        self.allow_request: AllowRequest | None = None
        self.refusal_listeners: list[RefusalListener] = []
        self._application = application
        self._told_versions: OrderedDict[str, None] = OrderedDict()

    # Before the handshake.

    async def admit(self, handshake: Handshake) -> Refusal | None:
        """Ask the application whether a session may be opened; a hook that fails refuses."""
        if self.allow_request is None:
            return None
        try:
            answer = self.allow_request(handshake)
            reason = await answer if inspect.isawaitable(answer) else answer
        except (Exception, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # else it was something the hook awaited
            logger.exception("the allow_request hook failed")
            reason = RequestFault.FORBIDDEN.message
        return None if reason is None else Refusal(RequestFault.FORBIDDEN, reason)

    def note_refusal(self, refusal: Refusal, handshake: Handshake) -> None:
        """Log a refused request, an unsupported version once for each address, and tell those who listen."""
        self.metrics.refused_requests += 1
        if refusal.fault is not RequestFault.UNSUPPORTED_VERSION or self._is_new_address(handshake.address):
            code = refusal.fault.code
            logger.info("engine.io refused: from=%s code=%d %r", handshake.address, code, refusal.text)
        for listener in self.refusal_listeners:
            try:
                listener(refusal, handshake)
            except Exception:
                logger.exception("a listener for refused requests failed")

    def _is_new_address(self, address: str) -> bool:
        if address in self._told_versions:
            return False
        self._told_versions[address] = None
        if len(self._told_versions) > REMEMBERED_ADDRESSES:
            self._told_versions.popitem(last=False)
        return True

    def find(self, sid: str) -> EngineIOClient | None:
        """Return the client with this session id."""
        client = self.clients.get(sid)
        if client is None:
            self.metrics.unknown_sids += 1
        return client

    # Opening.

    def new_sid(self) -> str:
        """Return an id nobody can guess."""
        return secrets.token_urlsafe(15)

    def open_polling(self, sid: str, handshake: Handshake, codec: Codec = V4) -> tuple[EngineIOClient, Payload]:
        """Open a session that polls; return it and the body that answers the handshake."""
        client = self._open(sid, SessionState.POLLING, codec)
        payload = codec.encode_payload([Packet(client.session.handshake())])
        self._begin(client, handshake)
        return client, payload

    def open_websocket(
        self, sid: str, connection: WebSocketConnection, handshake: Handshake, codec: Codec = V4
    ) -> EngineIOClient:
        """Open a session on an accepted WebSocket and send its open packet."""
        client = self._open(sid, SessionState.WEBSOCKET, codec)
        client.use(connection)
        client.send_now(OutgoingMessage(Packet(client.session.handshake())))
        self._begin(client, handshake)
        return client

    def _open(self, sid: str, state: SessionState, codec: Codec) -> EngineIOClient:
        kind = EngineSession if codec.version == 4 else EngineSession3
        session = kind(sid, self.options, state, self.clock.monotonic())
        client = EngineIOClient(self, session, codec)
        self.clients[sid] = client
        self.deadlines.at(session.deadline, client)
        return client

    def _begin(self, client: EngineIOClient, handshake: Handshake) -> None:
        client.handshake = handshake
        self.metrics.note_open(transport_of(client))
        client.handler = self._application(client, handshake)
        logger.info(
            "engine.io open: transport=%s EIO=%d from=%s",
            transport_of(client),
            client.codec.version,
            handshake.address,
            extra=of_connection(client.name),
        )

    # The end.

    def forget(self, client: EngineIOClient) -> None:
        """Let go of a client whose session is closed."""
        self.clients.pop(client.sid, None)
        self.deadlines.cancel(client)

    def log_close(self, client: EngineIOClient, reason: CloseReason, detail: str) -> None:
        """Write the one line that a close is worth."""
        if reason in (CloseReason.PARSE_ERROR, CloseReason.TRANSPORT_ERROR):
            self.metrics.peer_errors += 1
        self.metrics.note_close(transport_of(client), reason.text)
        carrier = client.connection or client.polling
        logger.info(
            "engine.io close: reason=%r detail=%r transport=%s seconds=%.1f bytes_in=%d bytes_out=%d",
            reason.text,
            detail,
            transport_of(client),
            (self.clock.now() - client.handshake.issued).total_seconds(),
            carrier.bytes_in if carrier is not None else 0,
            carrier.bytes_out if carrier is not None else 0,
            extra=of_connection(client.name),
        )

    def close(self) -> None:
        """Close every client without a DISCONNECT packet, so that they come back by themselves."""
        for client in list(self.clients.values()):
            client.close(CloseReason.SERVER_SHUTTING_DOWN)


def transport_of(client: EngineIOClient) -> str:
    """Return the name of what carries a client now."""
    return "polling" if client.connection is None else "websocket"
