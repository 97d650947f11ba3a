"""Polls and POSTs of Engine.IO clients that are known, answered before Tornado's parser.

`EngineIOHandler` is the reference: whatever is not an ordinary request of a client that polls, and whatever is to be
refused, goes there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import tornado
from tornado.httputil import format_timestamp

from server.clock import Clock
from server.protocol.engineio_codecs import BINARY_PAYLOAD, TEXT_PAYLOAD, Payload
from server.protocol.engineio_session import CloseReason, SessionError
from server.protocol.http_head import Head, Headers
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.origins import OriginPolicy
from server.transport.http_front import Exchange, HttpConnection

OK = Payload(b"ok", "text/html")

_TYPE_LINES = {
    OK.content_type: b"Content-Type: text/html\r\n",
    **{
        content_type: b"Content-Type: %b\r\nCache-Control: no-store\r\n" % content_type.encode()
        for content_type in (TEXT_PAYLOAD, BINARY_PAYLOAD)
    },
}

SERVER_LINE = f"Server: TornadoServer/{tornado.version}\r\n".encode()

_USUAL_QUERY = re.compile(rb"(?:(?:EIO=([34])|transport=(polling)|sid=([\w-]+)|t=[\w.-]*)(?:&|$))+")
"""What the official clients send, in any order."""

MAX_FIELDS = 50
"""A query with more is unusual."""


class PollingFront:
    """The door of the paths where Engine.IO is served."""

    def __init__(self, engines: Mapping[str, EngineIOServer]) -> None:
        self._engines = {path.encode(): engine for path, engine in engines.items()}
        self._date = (0, b"")

    def begin(self, head: Head, connection: HttpConnection) -> Exchange | None:
        """Return what answers a request, or None when the handler is to do it."""
        engine = self._engines.get(head.path)
        if engine is None:
            return None
        client = _find_client(engine, head.query)
        if client is None or _cors_lines(engine.origins, head.headers) is None:
            return None
        if head.method == b"GET":
            return None if client.has_poll else Poll(self, engine, head, connection, client)
        if client.has_post or head.headers.content_length > engine.options.max_payload_bytes:
            return None
        if client.codec.version == 4 and head.headers.content_type == BINARY_PAYLOAD:
            return None
        post = Post(self, engine, head, connection, client)
        try:
            client.begin_post(connection.close)
        except SessionError:
            return None
        return post

    def answer(self, engine: EngineIOServer, head: Head, payload: Payload) -> bytes:
        """Return a whole answer with the headers the handler would send."""
        return b"HTTP/1.1 200 OK\r\n%b%bContent-Length: %d\r\nDate: %b\r\n%b%b\r\n%b" % (
            SERVER_LINE,
            _TYPE_LINES[payload.content_type],
            len(payload.body),
            self._format_date(engine.clock),
            _cors_lines(engine.origins, head.headers) or b"",
            b"" if head.headers.keeps_alive else b"Connection: close\r\n",
            payload.body,
        )

    def _format_date(self, clock: Clock) -> bytes:
        """Return the time of day, put into words once a second."""
        second = int(clock.monotonic())
        if second != self._date[0]:
            self._date = (second, format_timestamp(clock.now()).encode())
        return self._date[1]


def _find_client(engine: EngineIOServer, query: bytes) -> EngineIOClient | None:
    """Return the client that polls here and asks in its own version."""
    usual = _USUAL_QUERY.fullmatch(query)
    asked = {b"EIO": usual[1], b"transport": usual[2], b"sid": usual[3]} if usual is not None else _parse(query)
    if asked.get(b"transport") != b"polling" or b"j" in asked:
        return None
    client = engine.clients.get((asked.get(b"sid") or b"").decode())
    if client is None or client.connection is not None or asked.get(b"EIO") != b"%d" % client.codec.version:
        return None
    return client


def _parse(query: bytes) -> dict[bytes, bytes]:
    """Return the arguments, the last of each name; none when a name would have to be decoded."""
    if query.count(b"&") >= MAX_FIELDS:
        return {}
    asked: dict[bytes, bytes] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if b"%" in name or b"+" in name:
            return {}
        asked[name] = value
    return asked


@lru_cache(maxsize=512)
def _cors_lines(origins: OriginPolicy, headers: Headers) -> bytes | None:
    """Return the CORS headers of an answer, None when the Origin is refused."""
    origin, host = headers.origin, headers.host
    if origins.refusal(origin, "http", host) is not None:
        return None
    return "".join(f"{name}: {value}\r\n" for name, value in origins.headers(origin, "http", host).items()).encode()


class _Exchange(Exchange):
    __slots__ = ("_client", "_connection", "_engine", "_front", "_head")

    def __init__(
        self,
        front: PollingFront,
        engine: EngineIOServer,
        head: Head,
        connection: HttpConnection,
        client: EngineIOClient,
    ) -> None:
        self._front = front
        self._engine = engine
        self._head = head
        self._connection = connection
        self._client = client

    def _answer(self, payload: Payload) -> None:
        self._connection.answer(self._front.answer(self._engine, self._head, payload))


class Poll(_Exchange):
    """A GET, answered when there is something to say."""

    __slots__ = ()

    def take(self, body: bytes) -> None:
        """Wait for a payload; see `Exchange`."""
        self._client.poll(self._answer)

    def on_lost(self) -> None:
        """Let go of the poll, which ends the session; see `Exchange`."""
        self._client.abandon_poll()


class Post(_Exchange):
    """Packets from the client, handled in turns and then answered."""

    __slots__ = ("_packets",)

    def take(self, body: bytes) -> None:
        """Handle the packets in ``body``; see `Exchange`."""
        self._packets = self._client.codec.decode_payload(body, self._head.headers.content_type)
        self._go_on()

    def _go_on(self) -> None:
        if not self._client.take_packets(self._packets):
            self._client.end_post()
            self._answer(OK)
        elif self._client.paused:
            self._client.when_resumed(self._go_on_soon)
        else:
            self._go_on_soon()

    def _go_on_soon(self) -> None:
        self._engine.call_soon(self._go_on)

    def on_lost(self) -> None:
        """End the session, as not all it sent was read; see `Exchange`."""
        self._client.end_post()
        self._client.end(CloseReason.TRANSPORT_ERROR, "the client cut its POST")
