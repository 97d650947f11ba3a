"""WebSocket handshakes of Engine.IO clients, answered before Tornado's parser (RFC 6455, section 4.2.2).

Most of a handshake's time goes into Tornado's parser and its handler, and after a restart, when all clients come back
at once, it is what they wait for. What is to be refused, or decided by the application, is left to the handler.
"""

from __future__ import annotations

import logging

import tornado
from tornado.websocket import WebSocketProtocol13

from server.protocol.engineio_codecs import choose_codec
from server.protocol.engineio_request import EngineRequest
from server.protocol.forwarding import TrustedProxies, peer_of
from server.protocol.http_head import Head, read_fields
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.handshake import Handshake
from server.realtime.upgrade import Probe
from server.transport.http_front import HttpConnection

logger = logging.getLogger(__name__)

SERVER_LINE = f"Server: TornadoServer/{tornado.version}\r\n".encode()


def take_handshake(
    engine: EngineIOServer, head: Head, connection: HttpConnection, cors_lines: bytes, proxies: TrustedProxies
) -> None:
    """Switch to WebSocket and take the socket; where the handler is to answer, leave it where it is."""
    if (
        engine.allow_request is not None
        or engine.options.cookie is not None
        or b"%" in head.query
        or b"+" in head.query
    ):
        return
    query = _split(head.query.decode())
    asked = EngineRequest.parse({name: [value.encode()] for name, value in query.items()})
    client = engine.clients.get(asked.sid)
    if _is_refused(engine, asked, client):
        return
    handshake = _handshake(engine, head, query, connection, proxies)
    sock, data = connection.detach()
    websocket = engine.connections.adopt(sock)
    websocket.send(_switching_answer(head.headers.websocket_key or "", cors_lines))
    try:
        if client is None:
            codec = choose_codec(int(asked.version), asked.base64_only)
            engine.open_websocket(engine.new_sid(), websocket, handshake, codec)
        else:
            Probe(engine, client, websocket).begin()
    except Exception:
        logger.exception("a connection could not be taken over")
        websocket.abort()
    else:
        websocket.start(data)


def _split(query: str) -> dict[str, str]:
    """Return the last value of each name of a query in which nothing is encoded."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {name: value for name, _, value in pairs}


def _is_refused(engine: EngineIOServer, asked: EngineRequest, client: EngineIOClient | None) -> bool:
    if not asked.wants_websocket or asked.check() is not None:
        return True
    if not asked.sid:
        return asked.check_handshake("GET", True, engine.options.allow_eio3) is not None
    return client is None or asked.check_session(client.codec.version, client.connection is None, True) is not None


def _handshake(
    engine: EngineIOServer, head: Head, query: dict[str, str], connection: HttpConnection, proxies: TrustedProxies
) -> Handshake:
    headers = read_fields(connection.head_bytes())
    client = proxies.client(peer_of(connection.address), "http", headers)
    return Handshake(
        headers=headers,
        query=query,
        address=client.address,
        url=head.path.decode(),
        secure=client.scheme == "https",
        issued=engine.clock.now(),
    )


def _switching_answer(key: str, cors_lines: bytes) -> bytes:
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n%b%b\r\n"
    ) % (WebSocketProtocol13.compute_accept_value(key).encode(), SERVER_LINE, cors_lines)
