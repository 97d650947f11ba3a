"""The Engine.IO endpoint: polling, WebSocket and upgrade on one path (protocol v4, "Transports")."""

from __future__ import annotations

import asyncio
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from handlers.streams.accepting import AcceptingHandler
from server.protocol.engineio import RequestFault, decode_payload
from server.protocol.engineio_session import CloseReason, SessionError
from server.protocol.json_codec import encode_json
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.upgrade import Probe
from server.transport.connection import WebSocketConnection

STREAMED_BODY_BYTES = 1 << 30
"""More than this is not even refused politely."""


@stream_request_body
class EngineIOHandler(AcceptingHandler):
    """One request of an Engine.IO client. Everything is checked before a body is read."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")

    def initialize(self, *, engine: EngineIOServer) -> None:
        self.engine = engine
        self.origins = engine.origins
        self.connections = engine.connections
        self.client: EngineIOClient | None = None
        self._body = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    # Checks.

    def prepare(self) -> None:
        """Refuse what may not be; see the table of HTTP answers in docs/protocol.md."""
        # Bodies are streamed and counted here: Tornado's limit for whole bodies is for others.
        cast(HTTP1Connection, self.request.connection).set_max_body_size(STREAMED_BODY_BYTES)
        if self.refuse_foreign_origin() or self.request.method == "OPTIONS":
            return
        fault = self._find_fault()
        if fault is not None:
            self._refuse(fault)
        elif self.request.method == "POST":
            self._begin_post()
        elif self.request.method != "GET":
            self._finish_empty(500)  # as the reference does

    def _find_fault(self) -> RequestFault | None:
        arguments = self.request.query_arguments
        transport = arguments.get("transport", [b""])[-1]
        if transport not in (b"polling", b"websocket"):
            return RequestFault.UNKNOWN_TRANSPORT
        version = arguments.get("EIO", [b""])[-1]
        sid = arguments.get("sid", [b""])[-1].decode(errors="replace")
        websocket = transport == b"websocket"
        if sid:
            return self._find_session_fault(sid, version, websocket)
        if self.request.method != "GET":
            return RequestFault.BAD_HANDSHAKE_METHOD
        if websocket != self.is_upgrade:
            return RequestFault.BAD_REQUEST
        return None if version == b"4" else RequestFault.UNSUPPORTED_VERSION

    def _find_session_fault(self, sid: str, version: bytes, websocket: bool) -> RequestFault | None:
        self.client = self.engine.find(sid)
        if self.client is None:
            return RequestFault.UNKNOWN_SID
        polls = self.client.connection is None
        if version != b"4" or websocket != self.is_upgrade or not (websocket or polls):
            return RequestFault.BAD_REQUEST
        return None

    def _refuse(self, fault: RequestFault) -> None:
        self.set_status(400)
        if self.is_upgrade:
            self.set_header("Connection", "close")
            self.set_header("Content-Type", "text/html")
            self.finish(fault.message)
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(encode_json({"code": fault.code, "message": fault.message}))

    # Polling.

    async def get(self) -> None:
        """Open a session, answer a poll, or accept a WebSocket."""
        if self.request.query_arguments["transport"][-1] == b"websocket":
            await self.accept()
        elif self.client is None:
            self.client, body = self.engine.open_polling(self.handshake(self.engine.clock))
            self._finish_payload(body)
        else:
            await self._poll(self.client)

    async def _poll(self, client: EngineIOClient) -> None:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        try:
            client.poll(lambda payload: None if answer.done() else answer.set_result(payload))
        except SessionError:
            self._refuse(RequestFault.BAD_REQUEST)
            return
        self._answer = answer
        try:
            payload = await answer
        except asyncio.CancelledError:
            return  # the client cut the request
        self._finish_payload(payload)

    def _finish_payload(self, body: bytes) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(body)

    def _begin_post(self) -> None:
        client = self.client
        if client is None:
            return
        if self.request.headers.get("Content-Type", "").split(";")[0].strip() == "application/octet-stream":
            client.end(CloseReason.TRANSPORT_ERROR, "a POST of application/octet-stream; Engine.IO 4 sends text")
            self._finish_empty(400)
            return
        announced = self.request.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > self.engine.options.max_payload_bytes:
            self._finish_empty(413)
            return
        try:
            client.begin_post(self._cut)
        except SessionError:
            self._finish_empty(400)

    def _finish_empty(self, status: int) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "text/html")
        self.finish()

    def _cut(self) -> None:
        cast(HTTP1Connection, self.request.connection).close()

    def data_received(self, chunk: bytes) -> None:
        """Take a piece of a body; one that grows too large is refused before it is whole."""
        if self._finished or self.request.method != "POST":
            return
        self._body += chunk
        if len(self._body) > self.engine.options.max_payload_bytes:
            self._body.clear()
            if self.client is not None:
                self.client.end_post()
            self._finish_empty(413)

    async def post(self) -> None:
        """Handle the packets of a whole body, in turns, then answer ``ok``."""
        client = self.client
        if client is None:
            return
        packets = decode_payload(bytes(self._body))
        while client.take_packets(packets):
            resumed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if client.paused:
                client.when_resumed(lambda done=resumed: done.done() or done.set_result(None))  # type: ignore[misc]
                await resumed
            else:
                await asyncio.sleep(0)
        client.end_post()
        self.set_header("Content-Type", "text/html")
        self.finish(b"ok")

    def options(self) -> None:
        """Answer a preflight."""
        self.set_status(204)
        self.set_header("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
        if wanted := self.request.headers.get("Access-Control-Request-Headers"):
            self.set_header("Access-Control-Allow-Headers", wanted)
        self.finish()

    def on_connection_close(self) -> None:
        """Learn that the client cut its request: that ends the session."""
        super().on_connection_close()
        if self._answer is not None and not self._answer.done():
            self._answer.cancel()
            if self.client is not None:
                self.client.abandon_poll()
        elif self.request.method == "POST" and not self._finished and self.client is not None:
            self.client.end_post()
            self.client.end(CloseReason.TRANSPORT_ERROR, "the client cut its POST")

    # WebSocket.

    def took_over(self, connection: WebSocketConnection) -> None:
        """Open a session on the WebSocket, or try it out for the one that polls."""
        if self.client is None:
            self.engine.open_websocket(connection, self.handshake(self.engine.clock))
        else:
            Probe(self.engine, self.client, connection).begin()
