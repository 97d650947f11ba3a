"""What every WebSocket door shares: the Origin rule, the handshake, and letting Tornado's objects go after it."""

from __future__ import annotations

import logging

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, WebSocketProtocol

from server.clock import Clock
from server.protocol.engineio_request import Refusal, RequestFault
from server.realtime.handshake import Handshake
from server.realtime.origins import OriginPolicy
from server.transport.connection import WebSocketConnection
from server.transport.connections import Connections
from server.transport.tornado_private import accept_only_protocol

logger = logging.getLogger(__name__)


class AcceptingHandler(WebSocketHandler):
    """Accepts a WebSocket and hands its socket over to `took_over`; after that the handler is done."""

    origins: OriginPolicy
    connections: Connections

    def __init__(self, application: Application, request: HTTPServerRequest, **kwargs: object) -> None:
        super().__init__(application, request, **kwargs)
        self.open_args = ()
        self.open_kwargs = {}

    def took_over(self, connection: WebSocketConnection) -> None:
        """Set ``connection.receiver``; what the client sent already is delivered after this."""
        raise NotImplementedError

    @property
    def is_upgrade(self) -> bool:
        """Whether the client asks for a WebSocket."""
        headers = self.request.headers
        wanted = (part.strip().lower() for part in headers.get("Connection", "").split(","))
        return headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in wanted

    def refuse_foreign_origin(self) -> bool:
        """Answer 403 to an Origin that is not allowed, else set the CORS headers; tell whether it was refused."""
        origin = self.request.headers.get("Origin")
        scheme, host = self.request.protocol, self.request.host
        refusal = self.origins.refusal(origin, scheme, host)
        if refusal is not None:
            self.note_refusal(Refusal(RequestFault.FORBIDDEN, refusal))
            self.set_status(403)
            self.set_header("Content-Type", "application/json")
            self.finish(Refusal(RequestFault.FORBIDDEN, refusal).body)
            return True
        for name, value in self.origins.headers(origin, scheme, host).items():
            self.set_header(name, value)
        return False

    def note_refusal(self, refusal: Refusal) -> None:
        """Write the one line that a refusal is worth."""
        logger.info("refused: from=%s %r", self.request.remote_ip, refusal.text)

    def handshake(self, clock: Clock) -> Handshake:
        """Return what this request tells of the client."""
        request = self.request
        return Handshake(
            headers={name.lower(): value for name, value in request.headers.items()},
            query={name: values[-1].decode(errors="replace") for name, values in request.query_arguments.items()},
            address=request.remote_ip or "",
            url=request.path,
            secure=request.protocol == "https",
            issued=clock.now(),
        )

    async def accept(self) -> None:
        """Answer the handshake of RFC 6455; a version other than 13 gets 426."""
        protocol = self.get_websocket_protocol()
        if protocol is None:
            self.set_status(426)
            self.set_header("Sec-WebSocket-Version", "13")
            self.finish("WebSocket version 13 is spoken here")
            return
        self.ws_connection = protocol
        await protocol.accept_connection(self)
        self.ws_connection = None  # the handler is in no cycle now

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Return a protocol that answers the handshake and reads nothing after it."""
        return accept_only_protocol(self)

    def open(self, *args: str, **kwargs: str) -> None:
        """Take the socket over; called by Tornado when the handshake has been answered."""
        connection, data = self.connections.open(self.ws_connection.stream)  # type: ignore[union-attr,arg-type]
        self.took_over(connection)
        connection.start(data)

    def compute_etag(self) -> str | None:
        """Return none: a stream's answers are never the same twice."""
        return None

    def on_connection_close(self) -> None:
        """Let go of a body that will not come; a connection that was taken over tells its own receiver."""
        RequestHandler.on_connection_close(self)
