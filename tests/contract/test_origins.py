"""The Origin rule at every door of the real-time server, before anything else of a request is looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.streams.raw import RawStreamHandler
from handlers.streams.socketio import EngineIOHandler
from server.protocol.engineio_session import EngineOptions
from server.realtime.origins import OriginPolicy
from server.realtime.raw_client import RawClient
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.transport.connection import WebSocketConnection
from tests.support.engineio import ProtocolServer, payload
from tests.support.wire import Answer, WebSocketWire, request, upgrade_headers

POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
RAW = "/raw"

FOREIGN = [
    "null",
    "",
    "http://evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1:1",
    "https://127.0.0.1",
    "https://listed.example:8443",
    "http://listed.example",
    "https://sub.listed.example",
    "https://listed.example.evil.example",
    "//listed.example",
    "listed.example",
    "file://",
    "https://listed.example@evil.example",
]
ALLOWED = [
    "http://127.0.0.1",
    "http://127.0.0.1:80",
    "HTTP://127.0.0.1",
    "https://listed.example",
    "https://LISTED.example:443",
]


class Silent(RawStreamHandler):
    def open_client(self, connection: WebSocketConnection) -> RawClient:
        return RawClient(self.settings["runtime"], connection)


def make(runtime: Runtime, options: EngineOptions) -> Application:
    origins = OriginPolicy(["https://listed.example"])
    sio = SocketIOServer(runtime, engine_options=options, origins=origins)
    raw = {"connections": runtime.connections, "origins": origins}
    engine = {"engine": sio.engine}
    return Application([(r"/socket\.io/", EngineIOHandler, engine), (RAW, Silent, raw)], sio=sio, runtime=runtime)


@pytest.fixture
def guarded(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(make)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


def assert_refused(answer: Answer, origin: str) -> None:
    assert (answer.status, answer.content_type) == (403, "application/json")
    body = answer.json()
    assert body["code"] == 4
    assert repr(origin) in body["message"]
    assert "SOCKETIO_CORS_ORIGINS" in body["message"]
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.gen_test
async def test_foreign_origin_is_refused_at_every_door(guarded: ProtocolServer, origin: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        assert_refused(await request(guarded.port, method, POLLING, {"Origin": origin}), origin)
    for target in (WEBSOCKET, f"{WEBSOCKET}&sid=unknown", RAW):
        assert_refused(await request(guarded.port, "GET", target, upgrade_headers(Origin=origin)), origin)
    assert not guarded.sio.engine.clients


@pytest.mark.parametrize("origin", ALLOWED)
@pytest.mark.gen_test
async def test_own_and_listed_origins_are_allowed(guarded: ProtocolServer, origin: str) -> None:
    answer = await request(guarded.port, "GET", POLLING, {"Origin": origin})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    await WebSocketWire.connect(guarded.port, WEBSOCKET, {"Origin": origin})
    await WebSocketWire.connect(guarded.port, RAW, {"Origin": origin})


@pytest.mark.gen_test
async def test_no_origin_is_allowed(guarded: ProtocolServer) -> None:
    answer = await request(guarded.port, "GET", POLLING)
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"  # a cache must not give this answer to a page of another origin
    await WebSocketWire.connect(guarded.port, WEBSOCKET)


@pytest.mark.parametrize("site", ["same-origin", "none", "cross-site"])
@pytest.mark.gen_test
async def test_the_origin_alone_decides(guarded: ProtocolServer, site: str) -> None:
    """Tornado 6.6 would let a foreign Origin pass with ``Sec-Fetch-Site: same-origin``."""
    refused = await request(guarded.port, "GET", POLLING, {"Origin": "http://evil.example", "Sec-Fetch-Site": site})
    assert refused.status == 403
    headers = upgrade_headers(**{"Origin": "http://evil.example", "Sec-Fetch-Site": site})
    assert (await request(guarded.port, "GET", WEBSOCKET, headers)).status == 403
    allowed = {"Origin": "https://listed.example", "Sec-Fetch-Site": site}
    assert (await request(guarded.port, "GET", POLLING, allowed)).status == 200


@pytest.mark.gen_test
async def test_preflight_names_the_allowed_origin(guarded: ProtocolServer) -> None:
    answer = await request(guarded.port, "OPTIONS", POLLING, {"Origin": "https://listed.example"})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://listed.example"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.gen_test
async def test_any_origin_with_a_star_but_without_credentials(server: ProtocolServer) -> None:
    for origin in ("http://anywhere.example", "null"):
        answer = await request(server.port, "GET", POLLING, {"Origin": origin})
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        wire = await WebSocketWire.connect(server.port, WEBSOCKET, {"Origin": origin})
        assert (await wire.text())[0] == "0"


@pytest.mark.gen_test
async def test_faults_carry_the_cors_headers_too(guarded: ProtocolServer) -> None:
    origin = {"Origin": "https://listed.example"}
    answer = await request(guarded.port, "GET", "/socket.io/?EIO=4&transport=abc", origin)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (400, "https://listed.example")


@pytest.mark.gen_test
async def test_raw_door_asks_for_a_websocket(guarded: ProtocolServer) -> None:
    answer = await request(guarded.port, "GET", RAW)
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
    assert (await request(guarded.port, "POST", RAW, body=payload("x"))).status == 405
