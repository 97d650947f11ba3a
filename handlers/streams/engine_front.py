"""Polls and POSTs of Engine.IO clients that are known, and WebSocket handshakes, answered before Tornado's parser.

`EngineIOHandler` is the reference: whatever is not an ordinary request, and whatever is to be refused, goes there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from tornado.httputil import format_timestamp

from handlers.streams.websocket_front import SERVER_LINE, take_handshake
from server.clock import Clock
from server.protocol.engineio_codecs import BINARY_PAYLOAD, TEXT_PAYLOAD, Payload
from server.protocol.engineio_session import CloseReason, SessionError
from server.protocol.forwarding import TrustedProxies, peer_of
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

_USUAL_QUERY = re.compile(rb"(?:(?:EIO=([34])|transport=(polling)|sid=([\w-]+)|t=[\w.-]*)(?:&|$))+")
"""What the official clients send, in any order."""

_VERSIONS = {b"4": 4, b"3": 3}

MAX_NAMES_CHARACTERS = 512
"""Host and Origin of an ordinary request have no more; what is cached by them stays small."""

MAX_FIELDS = 50
"""A query with more is unusual."""


class EngineFront:
    """The door of the paths where Engine.IO is served."""

    def __init__(self, engines: Mapping[str, EngineIOServer], proxies: TrustedProxies | None = None) -> None:
        self._engines = {path.encode(): engine for path, engine in engines.items()}
        self._proxies = proxies or TrustedProxies()
        self._date = (-1, b"")  # no second of any clock

    def begin(self, head: Head, connection: HttpConnection) -> Exchange | None:
        """Return what answers a request, or None when the handler is to do it."""
        engine = self._engines.get(head.path)
        if engine is None or len(head.headers.host) + len(head.headers.origin or "") > MAX_NAMES_CHARACTERS:
            return None
        headers = head.headers
        scheme = self._proxies.scheme(peer_of(connection.address), "http", headers.forwarded_proto)
        cors_lines = _cors_lines(engine.origins, headers.origin, scheme, headers.host)
        if cors_lines is None:
            return None
        if head.headers.websocket_key is not None:
            take_handshake(engine, head, connection, cors_lines, self._proxies)
            return None
        return self._begin_polling(engine, head, connection, cors_lines)

    def _begin_polling(
        self, engine: EngineIOServer, head: Head, connection: HttpConnection, cors_lines: bytes
    ) -> Exchange | None:
        client = _find_client(engine, head.query)
        if client is None:
            return None
        if head.method == b"GET":
            return None if client.has_poll else Poll(self, engine, head, connection, client, cors_lines)
        if client.has_post or head.headers.content_length > engine.options.max_payload_bytes:
            return None
        if client.codec.version == 4 and head.headers.content_type == BINARY_PAYLOAD:
            return None
        post = Post(self, engine, head, connection, client, cors_lines)
        try:
            client.begin_post(connection.close)
        except SessionError:
            return None
        return post

    def write(self, clock: Clock, headers: Headers, cors_lines: bytes, payload: Payload) -> bytes:
        """Return a whole answer with the headers the handler would send."""
        return b"HTTP/1.1 200 OK\r\n%b%bContent-Length: %d\r\nDate: %b\r\n%b%b\r\n%b" % (
            SERVER_LINE,
            _TYPE_LINES[payload.content_type],
            len(payload.body),
            self._format_date(clock),
            cors_lines,
            b"" if headers.keeps_alive else b"Connection: close\r\n",
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
    version, transport, sid = usual.groups() if usual is not None else _parse(query)
    if transport != b"polling" or sid is None:
        return None
    client = engine.clients.get(sid.decode())
    if client is None or client.connection is not None or _VERSIONS.get(version or b"") != client.codec.version:
        return None
    return client


def _parse(query: bytes) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Return the last EIO, transport and sid; none when a name would have to be decoded, and for JSONP."""
    asked: dict[bytes, bytes] = {}
    for pair in query.split(b"&", MAX_FIELDS):
        name, _, value = pair.partition(b"=")
        if b"%" in name or b"+" in name or b"&" in pair or name == b"j":
            return None, None, None
        asked[name] = value
    return asked.get(b"EIO"), asked.get(b"transport"), asked.get(b"sid")


@lru_cache(maxsize=512)
def _cors_lines(origins: OriginPolicy, origin: str | None, scheme: str, host: str) -> bytes | None:
    """Return the CORS headers of an answer, None when the Origin is refused."""
    if origins.refusal(origin, scheme, host) is not None:
        return None
    return "".join(f"{name}: {value}\r\n" for name, value in origins.headers(origin, scheme, host).items()).encode()


class _Exchange(Exchange):
    __slots__ = ("_client", "_connection", "_cors_lines", "_engine", "_front", "_head")

    def __init__(
        self,
        front: EngineFront,
        engine: EngineIOServer,
        head: Head,
        connection: HttpConnection,
        client: EngineIOClient,
        cors_lines: bytes,
    ) -> None:
        self._front = front
        self._engine = engine
        self._head = head
        self._connection = connection
        self._client = client
        self._cors_lines = cors_lines

    def _answer(self, payload: Payload) -> None:
        answer = self._front.write(self._engine.clock, self._head.headers, self._cors_lines, payload)
        self._connection.answer(answer)


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
        self._client.note_post(len(body))
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
