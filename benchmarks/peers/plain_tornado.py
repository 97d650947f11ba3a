"""Tornado's handlers as documented, speaking just these frames by hand: no sessions, no heartbeat, no limits.

``python -m benchmarks.peers.plain_tornado --port N``
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from collections.abc import Callable

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

BACKLOG = 4096
SEPARATOR = "\x1e"
OPEN = '0{"sid":"%s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
rooms: dict[str, set[Client]] = {}
polling: dict[str, PollingClient] = {}


class Client:
    """What the events do; `send` is the transport's."""

    def __init__(self, send: Callable[[str], object]) -> None:
        self.send = send
        self.sid = secrets.token_urlsafe(15)

    def take(self, packet: str) -> None:
        """Handle one Engine.IO packet."""
        if packet.startswith("40"):
            self.send(f'40{{"sid":"{self.sid}"}}')
        elif packet.startswith("42"):
            start = packet.index("[")
            self._handle(packet[2:start], *json.loads(packet[start:]))

    def _handle(self, ack: str, event: str, *args: str) -> None:
        if event == "echo":
            self.send("42" + encode(["echo", *args]))
        elif event == "echo_ack":
            self.send(f"43{ack}" + encode(args))
        elif event == "join":
            rooms.setdefault(args[0], set()).add(self)
        elif event == "fanout":
            message = "42" + encode(["fanout_msg", args[1]])
            for member in rooms.get(args[0], ()):
                member.send(message)


class SocketHandler(WebSocketHandler):
    """A client over WebSocket."""

    def open(self) -> None:
        """Introduce the session."""
        self.set_nodelay(True)
        self.client = Client(self.write_message)
        self.client.send(OPEN % self.client.sid)

    def on_message(self, message: str | bytes) -> None:
        """Handle one packet."""
        if isinstance(message, str):
            self.client.take(message)

    def on_close(self) -> None:
        """Leave every room."""
        for members in rooms.values():
            members.discard(self.client)


class PollingClient(Client):
    """A client over long-polling."""

    def __init__(self) -> None:
        super().__init__(self._queue)
        self._packets: list[str] = []
        self._arrived = asyncio.Event()

    def _queue(self, packet: str) -> None:
        self._packets.append(packet)
        self._arrived.set()

    async def poll(self) -> str:
        """Wait for packets and return all of them."""
        await self._arrived.wait()
        self._arrived.clear()
        packets, self._packets = self._packets, []
        return SEPARATOR.join(packets)


class PollingHandler(RequestHandler):
    """The requests of long-polling."""

    def compute_etag(self) -> str | None:
        """Spare the hash of every answer."""
        return None

    async def get(self) -> None:
        """Open a session, or answer a poll."""
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        sid = self.get_query_argument("sid", "")
        if sid:
            self.finish(await polling[sid].poll())
        else:
            client = PollingClient()
            polling[client.sid] = client
            self.finish(OPEN % client.sid)

    def post(self) -> None:
        """Handle the packets of a body."""
        client = polling[self.get_query_argument("sid")]
        for packet in self.request.body.decode().split(SEPARATOR):
            client.take(packet)
        self.finish("ok")


class TransportRouter(Router):
    """Both transports have one path: the handler depends on the request."""

    def __init__(self) -> None:
        self._application = Application(log_function=lambda handler: None)

    def find_handler(self, request: HTTPServerRequest, **kwargs: object) -> HTTPMessageDelegate:
        """Return the handler of the transport that the request asks for."""
        handler = SocketHandler if "Upgrade" in request.headers else PollingHandler
        return self._application.get_handler_delegate(request, handler)


async def serve(port: int) -> None:
    """Serve until the process is told to end."""
    HTTPServer(TransportRouter()).listen(port, "127.0.0.1", backlog=BACKLOG)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
