"""Hammering a live server: mutated frames, rude and failing clients; it serves on, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from server.errors import ErrorCode, RequestError
from server.protocol.engineio_session import EngineOptions
from server.realtime.engineio_client import EngineIOClient
from server.realtime.runtime import Runtime
from server.realtime.socketio_client import SocketIOClient
from server.realtime.socketio_server import SocketIOServer
from server.realtime.sockets import Socket as ServerSocket
from server.transport.connection import WebSocketConnection
from server.transport.connections import ReaderName
from tests.apps.protocol import make_app
from tests.support import frames
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket, payload
from tests.support.wire import WebSocketWire, Wire, close_wires, request, until

TARGET = f"{SOCKET_PATH}?EIO=4&transport=websocket"
POLLING = f"{SOCKET_PATH}?EIO=4&transport=polling"


def make(runtime: Runtime, options: EngineOptions) -> Application:
    app = make_app(runtime, options)
    sio: SocketIOServer = app.settings["sio"]
    namespace = sio.namespace("/picky")

    @namespace.use
    async def choose(socket: ServerSocket) -> None:
        await asyncio.sleep(0)
        socket.join("room")
        if socket.handshake.auth.get("refuse"):
            raise RequestError(ErrorCode.FORBIDDEN)
        if socket.handshake.auth.get("fail"):
            raise ZeroDivisionError

    @namespace.on("fail")
    async def fail(socket: ServerSocket) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    @namespace.on("ask")
    async def ask(socket: ServerSocket) -> None:
        await socket.call("question", timeout=5)

    return app


@pytest.fixture(params=["epoll", "iostream"])
def server(request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[ProtocolServer]:
    reader: ReaderName = request.param

    async def start() -> ProtocolServer:
        return ProtocolServer(make, reader=reader)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


async def assert_healthy(server: ProtocolServer) -> None:
    """Check that a new client is served over both transports."""
    socket = await Socket.join(server)
    socket.send_text('421["message-with-ack","healthy"]')
    assert await socket.text() == '431["healthy"]'
    client = await Polling.join(server)
    await client.post('421["message-with-ack","healthy"]')
    assert await client.poll() == ['431["healthy"]']
    await client.post("1")
    socket.send_text("1")
    await socket.closed()


async def assert_nothing_is_left(server: ProtocolServer) -> None:
    """Check, after every deadline has passed, that no trace of any client is kept."""
    await close_wires()
    for _ in range(10):
        await asyncio.sleep(0.01)
        server.advance(5)
        server.advance(30)
    runtime, metrics = server.runtime, server.runtime.metrics
    await until(lambda: metrics.connections_opened == metrics.connections_closed)
    await until(lambda: not server.sio._tasks)
    assert not server.sio.engine.clients
    for name in ("/", "/custom", "/picky"):
        assert not server.sio.namespace(name).sockets
        assert len(runtime.hub.rooms(name)) == 0
    assert not runtime.hub.backlog
    assert not runtime.deadlines._buckets
    await asyncio.sleep(0)
    gc.collect()
    assert not runtime.connections._streams
    kinds = (EngineIOClient, SocketIOClient, ServerSocket, WebSocketConnection)
    assert [thing for thing in gc.get_objects() if isinstance(thing, kinds)] == []


# Mutations.

VALID = [
    frames.text("40"),
    frames.text("40/custom,"),
    frames.text('40{"token":"x"}'),
    frames.text("41"),
    frames.text("3"),
    frames.text("2probe"),
    frames.text("5"),
    frames.text("6"),
    frames.text('42["message",1,{"a":[null,"\\ud800"]}]'),
    frames.text('4212["message-with-ack","é😀"]'),
    frames.text('42/custom,["message"]'),
    frames.text('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'),
    frames.text('461-5[{"_placeholder":true,"num":0}]'),
    frames.text('430["ack"]'),
    frames.binary(b"\x00\x01\x02"),
    frames.binary(b""),
    frames.client_frame(1, b"42[", final=False) + frames.client_frame(0, b'"message"]'),
    frames.client_frame(9, b"ping"),
    frames.client_frame(10),
    frames.close(1000, b"bye"),
]


def mutate(chance: random.Random, data: bytes) -> bytes:
    """Spoil ``data`` a little, or not at all."""
    spoiled = bytearray(data)
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        position = chance.randrange(len(spoiled) + 1)
        match chance.randrange(5):
            case 0 if position < len(spoiled):
                spoiled[position] ^= 1 << chance.randrange(8)
            case 1:
                del spoiled[position : position + chance.randrange(1, 4)]
            case 2:
                spoiled[position:position] = chance.randbytes(chance.randrange(1, 4))
            case 3:
                spoiled[position:position] = bytes(chance.choice(VALID))
            case _:
                del spoiled[position:]
    return bytes(spoiled)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.gen_test
async def test_mutated_frames(server: ProtocolServer, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        sid = ""
        if chance.random() < 0.2:
            sid = f"&sid={(await Polling.open(server, SOCKET_PATH)).sid}"
        wire = await WebSocketWire.connect(server.port, TARGET + sid)
        if chance.random() < 0.7:
            wire.send(frames.text("40"))
        for _ in range(chance.randrange(1, 12)):
            wire.send(mutate(chance, chance.choice(VALID)))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        if chance.random() < 0.3:
            wire.reset()
        elif chance.random() < 0.5:
            wire.close()
    await assert_healthy(server)
    await assert_nothing_is_left(server)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.gen_test
async def test_mutated_posts(server: ProtocolServer, seed: int) -> None:
    chance = random.Random(seed)
    packets = [
        "40",
        "41",
        "3",
        "6",
        '42["message",1]',
        "bAQID",
        '451-["message",{"_placeholder":true,"num":0}]',
        "40/custom,",
    ]
    for _ in range(40):
        client = await Polling.open(server, SOCKET_PATH)
        for _ in range(chance.randrange(1, 4)):
            body = payload("40", *chance.choices(packets, k=chance.randrange(1, 6)))
            answer = await client.post_bytes(mutate(chance, body))
            assert answer.status in (200, 400)
            if chance.random() < 0.3:
                await client.begin_poll()
    await assert_healthy(server)
    await assert_nothing_is_left(server)


REQUESTS = [
    f"GET {POLLING} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET {TARGET} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n".encode()
    + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    f"POST {POLLING}&sid=SID HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n40".encode(),
    f"POST {POLLING}&sid=SID HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n40\r\n0\r\n\r\n".encode(),
    f"OPTIONS {POLLING} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n\r\n".encode(),
    f"GET {POLLING}&sid=SID HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
]


@pytest.mark.gen_test
async def test_mutated_requests(server: ProtocolServer) -> None:
    chance = random.Random(11)
    for _ in range(150):
        sid = (await Polling.open(server, SOCKET_PATH)).sid
        wire = await Wire.open(server.port)
        wire.send(mutate(chance, chance.choice(REQUESTS).replace(b"SID", sid.encode())))
        if chance.random() < 0.5:
            await asyncio.sleep(0)
            wire.close()
    await assert_healthy(server)
    await assert_nothing_is_left(server)


# Leaks.


async def join_picky(server: ProtocolServer, auth: str = "") -> Socket:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text(f"40/picky,{auth}")
    return socket


async def accepted(server: ProtocolServer) -> None:
    socket = await join_picky(server)
    await socket.text()
    socket.send_text("41/picky,", "40/picky,", "1")
    await socket.closed()


async def refused(server: ProtocolServer) -> None:
    await (await join_picky(server, '{"refuse":true}')).text()


async def refused_by_failure(server: ProtocolServer) -> None:
    await (await join_picky(server, '{"fail":true}')).text()


async def gone_before_the_decision(server: ProtocolServer) -> None:
    (await join_picky(server)).reset()


async def failing_handler(server: ProtocolServer) -> None:
    socket = await join_picky(server)
    await socket.text()
    socket.send_text('42/picky,["fail"]', '42/picky,1["fail"]')
    assert "internal" in await socket.text()


async def question_never_answered(server: ProtocolServer) -> None:
    socket = await join_picky(server)
    await socket.text()
    socket.send_text('42/picky,["ask"]', '42/picky,["ask"]')
    await socket.text()
    socket.reset()


async def half_a_frame(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send(frames.text('42["message"]')[:-3])


async def half_an_event(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('451-["message",{"_placeholder":true,"num":0}]')


async def violation(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text("garbage")
    await socket.closed()


async def violation_never_read(server: ProtocolServer) -> None:
    (await Socket.join(server)).send(b"\xff" * 20)


async def poll_left_waiting(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    await client.begin_poll()


async def poll_cut(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    poll = await client.begin_poll()
    await client.post("6")
    poll.reset()


async def post_cut(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {"Content-Length": "100"})
    wire.send(b"4half")
    await asyncio.sleep(0)
    wire.reset()


async def too_large(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    assert (await client.post_bytes(b"4" * 1_000_001)).status == 413


async def upgraded(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send_text("2probe", "5", '42["message"]')
    assert [await wire.text(), await wire.text()] == ["3probe", '42["message-back"]']


async def probe_abandoned(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send_text("2probe")
    await wire.text()


async def upgrade_refused(server: ProtocolServer) -> None:
    assert (await request(server.port, "GET", f"{TARGET}&sid=none", {"Upgrade": "websocket"})).status == 400


async def deaf(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
    socket.send_text(*['42["message","' + "x" * 10_000 + '"]'] * 20)


KINDS: list[Callable[[ProtocolServer], Awaitable[None]]] = [
    accepted,
    refused,
    refused_by_failure,
    gone_before_the_decision,
    failing_handler,
    question_never_answered,
    half_a_frame,
    half_an_event,
    violation,
    violation_never_read,
    poll_left_waiting,
    poll_cut,
    post_cut,
    too_large,
    upgraded,
    probe_abandoned,
    upgrade_refused,
    deaf,
]


@pytest.fixture
def swallowed() -> Iterator[list[str]]:
    """Collect the names of logged exceptions, and keep the exceptions from being kept: they hold on to their sockets."""
    names: list[str] = []

    def swallow(record: logging.LogRecord) -> bool:
        if record.exc_info is None or record.exc_info[0] is None:
            return True
        names.append(record.exc_info[0].__name__)
        return False

    logger = logging.getLogger("server.realtime.socketio_client")
    logger.addFilter(swallow)
    yield names
    logger.removeFilter(swallow)


@pytest.mark.gen_test
async def test_300_clients_of_every_kind_leave_nothing_behind(server: ProtocolServer, swallowed: list[str]) -> None:
    for start in range(0, 300, 60):
        kinds = [KINDS[number % len(KINDS)] for number in range(start, start + 60)]
        await asyncio.gather(*(kind(server) for kind in kinds))
    await assert_healthy(server)
    await assert_nothing_is_left(server)
    assert set(swallowed) == {"ZeroDivisionError"}


@pytest.mark.gen_test
async def test_unsolicited_pongs_start_nothing(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    before = len(asyncio.all_tasks())
    for _ in range(10):
        socket.send_text(*["3"] * 5_000)
        await socket.writer.drain()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await socket.frame()
    socket.send_text('421["message-with-ack"]')
    assert await socket.text() == "431[]"
    assert len(asyncio.all_tasks()) <= before
    buckets = server.runtime.deadlines._buckets.values()
    assert sum(len(bucket) for bucket in buckets) == 1
