"""The Engine.IO endpoint: polling, WebSocket and upgrade on one path (protocol v4, "Transports")."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from handlers.streams.accepting import AcceptingHandler
from server.protocol.engineio_codecs import BINARY_PAYLOAD, Codec, Payload, choose_codec
from server.protocol.engineio_request import EngineRequest, Refusal, RequestFault, unknown_session
from server.protocol.engineio_session import CloseReason, CookieOptions, SessionError
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.upgrade import Probe
from server.transport.connection import WebSocketConnection

logger = logging.getLogger(__name__)

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
        self._new_sid = ""
        self._body = bytearray()
        self._answer: asyncio.Future[Payload] | None = None

    # Checks.

    def prepare(self) -> None:
        """Refuse what may not be; see the table of HTTP answers in docs/protocol.md."""
        # Bodies are streamed and counted here: Tornado's limit for whole bodies is for others.
        cast(HTTP1Connection, self.request.connection).set_max_body_size(STREAMED_BODY_BYTES)
        if self.refuse_foreign_origin() or self.request.method == "OPTIONS":
            return
        self.asked = EngineRequest.parse(self.request.query_arguments)
        refusal = self.asked.check() or self._check_further(self.asked)
        if refusal is not None:
            self._refuse(refusal)
        elif self.request.method == "POST":
            self._begin_post()
        elif self.request.method != "GET":
            self._finish_empty(500)  # as the reference does

    def _check_further(self, asked: EngineRequest) -> Refusal | None:
        if not asked.sid:
            return asked.check_handshake(self.request.method or "", self.is_upgrade, self.engine.options.allow_eio3)
        client = self.engine.find(asked.sid)
        if client is None:
            return unknown_session()
        refusal = asked.check_session(client.codec.version, client.connection is None, self.is_upgrade)
        if refusal is None:
            self.client = client
        return refusal

    def _refuse(self, refusal: Refusal) -> None:
        self.note_refusal(refusal)
        if self.is_upgrade:
            self.set_status(400)
            self.set_header("Connection", "close")
            self.set_header("Content-Type", "text/html")
            self.finish(refusal.text)
        else:
            self.set_status(403 if refusal.fault is RequestFault.FORBIDDEN else 400)
            self.set_header("Content-Type", "application/json")
            self.finish(refusal.body)

    def note_refusal(self, refusal: Refusal) -> None:
        """Log it, and tell those who listen."""
        self.engine.note_refusal(refusal, self.handshake(self.engine.clock))

    # Opening.

    async def get(self) -> None:
        """Open a session, answer a poll, or accept a WebSocket."""
        if self.client is None:
            await self._open_session()
        elif self.asked.wants_websocket:
            await self.accept()
        else:
            await self._poll(self.client)

    async def _open_session(self) -> None:
        handshake = self.handshake(self.engine.clock)
        refusal = await self.engine.admit(handshake)
        if refusal is not None:
            self._refuse(refusal)
            return
        if self._is_cut:
            return  # while the hook thought about it, the client left
        self._new_sid = self.engine.new_sid()
        if (cookie := self.engine.options.cookie) is not None:
            self._set_sid_cookie(cookie)
        if self.asked.wants_websocket:
            await self.accept()
        else:
            self.client, payload = self.engine.open_polling(self._new_sid, handshake, self._codec())
            self._finish_payload(payload)

    def _codec(self) -> Codec:
        return choose_codec(int(self.asked.version), self.asked.base64_only)

    def _set_sid_cookie(self, cookie: CookieOptions) -> None:
        self.set_cookie(
            cookie.name,
            self._new_sid,
            path=cookie.path,
            httponly=cookie.http_only,
            secure=cookie.secure,
            samesite=cookie.same_site,
        )

    @property
    def _is_cut(self) -> bool:
        """Whether the client cut the connection before its request was begun."""
        return cast(HTTP1Connection, self.request.connection).stream.closed()

    # Polling.

    async def _poll(self, client: EngineIOClient) -> None:
        if self._is_cut:
            client.end(CloseReason.TRANSPORT_ERROR, "the client cut its poll")  # before it was begun
            return
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        try:
            client.poll(lambda payload: None if answer.done() else answer.set_result(payload))
        except SessionError as error:
            self._refuse(Refusal(RequestFault.BAD_REQUEST, str(error)))
            return
        self._answer = answer
        try:
            payload = await answer
        except asyncio.CancelledError:
            return  # the client cut the request
        self._finish_payload(payload)

    def _finish_payload(self, payload: Payload) -> None:
        self.set_header("Content-Type", payload.content_type)
        self.set_header("Cache-Control", "no-store")
        self.finish(payload.body)

    def _begin_post(self) -> None:
        client = self.client
        if client is None:
            return
        if client.codec.version == 4 and self._content_type == BINARY_PAYLOAD:
            client.end(CloseReason.TRANSPORT_ERROR, "a POST of application/octet-stream; Engine.IO 4 sends text")
            self._finish_empty(400)
            return
        announced = self.request.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > self.engine.options.max_payload_bytes:
            self._refuse_size(int(announced))
            return
        try:
            client.begin_post(self._cut)
        except SessionError:
            self._finish_empty(400)

    @property
    def _content_type(self) -> str:
        return self.request.headers.get("Content-Type", "").split(";")[0].strip().lower()

    def _refuse_size(self, size: int) -> None:
        text = (
            f"a POST of {size} bytes or more came; {self.engine.options.max_payload_bytes} are allowed "
            f"(max_http_buffer_size)"
        )
        logger.info("engine.io refused: from=%s code=413 %s", self.request.remote_ip, text)
        self.set_status(413)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(text)

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
        received = len(self._body)
        if received > self.engine.options.max_payload_bytes:
            self._body.clear()
            if self.client is not None:
                self.client.end_post()
            self._refuse_size(received)

    async def post(self) -> None:
        """Handle the packets of a whole body, in turns, then answer ``ok``."""
        client = self.client
        if client is None:
            return
        client.note_post(len(self._body))
        packets = client.codec.decode_payload(bytes(self._body), self._content_type)
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
            self.engine.open_websocket(self._new_sid, connection, self.handshake(self.engine.clock), self._codec())
        else:
            Probe(self.engine, self.client, connection).begin()
