"""A server of `tests.apps.protocol` in the test's loop, and Engine.IO clients made of exact bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable
from typing import Any

from tornado.web import Application

from handlers.streams.front import FrontServer
from server.clock import SystemClock
from server.protocol.engineio_session import EngineOptions
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.transport.connections import ReaderName
from tests.apps.protocol import make_app
from tests.support.clock import FakeClock
from tests.support.wire import PATIENCE_SECONDS, Answer, WebSocketWire, Wire, close_wires, request

ENGINE_PATH = "/engine.io/"
SOCKET_PATH = "/socket.io/"
TICK_SECONDS = 0.01

OPTIONS = EngineOptions(ping_interval=0.3, ping_timeout=0.2, max_payload_bytes=1_000_000)
"""Those of the protocol app; under the fake clock nothing is due unless a test says so."""

AppMaker = Callable[[Runtime, EngineOptions], Application]


class ProtocolServer:
    """A real server on a free port, whose time stands still until `advance`, or is the machine's."""

    def __init__(
        self,
        make: AppMaker = make_app,
        options: EngineOptions = OPTIONS,
        *,
        reader: ReaderName = "epoll",
        real_time: bool = False,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        polling_front: bool = True,
        **runtime: Any,
    ) -> None:
        self.clock = FakeClock()
        clock = SystemClock() if real_time else self.clock
        self.runtime = Runtime(clock=clock, reader=reader, tick_seconds=TICK_SECONDS, **runtime)
        self.runtime.start()
        self.app = make(self.runtime, options)
        self._http = FrontServer(self.app, ssl_options=tls)
        if polling_front:
            engines = {SOCKET_PATH: self.sio.engine}
            if "echo" in self.app.settings:
                engines[ENGINE_PATH] = self.echo
            self._http.serve_in_front(self.runtime, engines)
        self._http.listen(port, "127.0.0.1")
        self.port = self._port()

    def _port(self) -> int:
        (sock,) = self._http._sockets.values()
        return int(sock.getsockname()[1])

    @property
    def sio(self) -> SocketIOServer:
        return self.app.settings["sio"]  # type: ignore[no-any-return]

    @property
    def echo(self) -> EngineIOServer:
        return self.app.settings["echo"]  # type: ignore[no-any-return]

    def advance(self, seconds: float) -> None:
        """Let time pass, tick by tick, until all that is due in ``seconds`` has been done; it takes a tick more."""
        end = self.clock.monotonic() + seconds + 1.5 * TICK_SECONDS
        while self.clock.monotonic() < end:
            self.clock.advance(TICK_SECONDS / 2)
            self.runtime.deadlines.run_due()

    async def stop(self) -> None:
        """Close everything, the test's own connections first."""
        await close_wires()
        self._http.stop()
        if "echo" in self.app.settings:
            self.echo.close()
        with contextlib.suppress(TimeoutError):  # a test that failed may have left a handler waiting
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.sio.close()
        await self.kill()

    async def kill(self) -> None:
        """Cut every connection, as the end of the process would."""
        self._http.stop()
        self.runtime.stop()
        await self._http.close_all_connections()


FAULTS = {
    0: "Transport unknown",
    1: "Session ID unknown",
    2: "Bad handshake method",
    3: "Bad request",
    5: "Unsupported protocol version",
}
"""The reference's texts."""


def assert_fault(answer: Answer, code: int) -> str:
    """Check that a request was refused as the reference does; return what else the answer says."""
    assert (answer.status, answer.content_type) == (400, "application/json")
    body = answer.json()
    assert (body["code"], body["message"]) == (code, FAULTS[code])
    return str(body["detail"])


def payload(*packets: str) -> bytes:
    """Join packets as a polling payload."""
    return "\x1e".join(packets).encode()


class Polling:
    """An Engine.IO session over HTTP long-polling; each request has its own connection."""

    def __init__(self, port: int, path: str, opened: dict[str, Any]) -> None:
        self.port = port
        self.opened = opened
        self.sid: str = opened["sid"]
        self.target = f"{path}?EIO=4&transport=polling&sid={self.sid}"
        self.websocket_target = f"{path}?EIO=4&transport=websocket&sid={self.sid}"

    @classmethod
    async def open(cls, server: ProtocolServer, path: str = ENGINE_PATH) -> Polling:
        """Do the handshake."""
        answer = await request(server.port, "GET", f"{path}?EIO=4&transport=polling")
        assert answer.status == 200 and answer.body[:1] == b"0", answer
        return cls(server.port, path, json.loads(answer.body[1:]))

    @classmethod
    async def join(cls, server: ProtocolServer, namespace: str = "/") -> Polling:
        """Do the handshake and connect to a namespace of the protocol app; its ``auth`` event has been read."""
        client = await cls.open(server, SOCKET_PATH)
        await client.post("40" if namespace == "/" else f"40{namespace},")
        received = await client.poll()
        if len(received) < 2:
            received += await client.poll()
        assert [packet[:2] for packet in received] == ["40", "42"], received
        return client

    async def get(self) -> Answer:
        """Poll; return the whole answer."""
        return await request(self.port, "GET", self.target)

    async def poll(self) -> list[str]:
        """Poll; return the packets."""
        answer = await self.get()
        assert answer.status == 200, answer
        return answer.body.decode().split("\x1e")

    async def begin_poll(self) -> Wire:
        """Send a poll and leave it waiting."""
        wire = await Wire.open(self.port)
        wire.send_request("GET", self.target)
        return wire

    async def post(self, *packets: str) -> Answer:
        """Send packets in one POST."""
        return await self.post_bytes(payload(*packets))

    async def post_bytes(self, body: bytes, content_type: str = "text/plain;charset=UTF-8") -> Answer:
        """Send a POST with exactly this body."""
        return await request(self.port, "POST", self.target, {"Content-Type": content_type}, body)

    async def is_closed(self) -> bool:
        """Tell whether the server has forgotten the session."""
        answer = await self.post("6")
        return answer.status == 400 and answer.json()["code"] == 1


class Socket(WebSocketWire):
    """An Engine.IO session over a WebSocket."""

    opened: dict[str, Any]

    @classmethod
    async def start(cls, server: ProtocolServer, path: str = ENGINE_PATH) -> Socket:
        """Open the WebSocket and read the open packet."""
        wire = await cls.connect(server.port, f"{path}?EIO=4&transport=websocket")
        first = await wire.text()
        assert first[0] == "0", first
        wire.opened = json.loads(first[1:])
        return wire

    @classmethod
    async def join(cls, server: ProtocolServer, namespace: str = "/") -> Socket:
        """Connect to a namespace of the protocol app; its answer and the ``auth`` event have been read."""
        wire = await cls.start(server, SOCKET_PATH)
        prefix = "" if namespace == "/" else f"{namespace},"
        wire.send_text(f"40{prefix}")
        assert (await wire.text()).startswith(f'40{prefix}{{"sid":')
        assert await wire.text() == f'42{prefix}["auth",{{}}]'
        return wire


def only_client(engine: EngineIOServer) -> EngineIOClient:
    """Return the one client a server has."""
    (client,) = engine.clients.values()
    return client
