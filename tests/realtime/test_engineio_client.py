"""One Engine.IO client on the server's side: slow pollers, order, sends of their own, errors of the application."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.protocol.engineio_session import CloseReason, EngineOptions, SessionState
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.handshake import Handshake
from server.realtime.origins import OriginPolicy
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from tests.support.engineio import Polling, ProtocolServer, Socket, only_client
from tests.support.leftovers import ErrorLog
from tests.support.wire import WebSocketWire, until

OPTIONS = EngineOptions(outbox_limit_bytes=10_000, max_packets_per_poll=4)


class Keeper:
    """Keeps messages; the text ``fail`` raises."""

    def __init__(self, client: EngineIOClient, handshake: Handshake) -> None:
        self.messages: list[bytes] = []
        self.reasons: list[CloseReason] = []
        client.send_text(b"greeting")

    def on_text(self, data: bytes) -> None:
        if data == b"fail":
            raise ZeroDivisionError
        self.messages.append(data)

    def on_binary(self, data: bytes) -> None:
        self.messages.append(data)

    def on_close(self, reason: CloseReason) -> None:
        self.reasons.append(reason)


def make(runtime: Runtime, options: EngineOptions) -> Application:
    engine = EngineIOServer(Keeper, options, runtime.context, runtime.connections, OriginPolicy())
    return Application(
        [(r"/engine\.io/", EngineIOHandler, {"engine": engine})], sio=SocketIOServer(runtime), echo=engine
    )


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(make, OPTIONS)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


async def open_polling(server: ProtocolServer) -> tuple[Polling, EngineIOClient, Keeper]:
    """Open a session and read the greeting."""
    client = await Polling.open(server)
    assert await client.poll() == ["4greeting"]
    engine = only_client(server.echo)
    assert isinstance(engine.handler, Keeper)
    return client, engine, engine.handler


@pytest.mark.gen_test
async def test_what_is_sent_while_it_opens_follows_the_open_packet(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    assert await socket.text() == "4greeting"


@pytest.mark.gen_test
async def test_waiting_poll_takes_what_one_turn_sends(server: ProtocolServer) -> None:
    client, engine, _ = await open_polling(server)
    poll = await client.begin_poll()
    await client.post("6")
    for number in range(6):
        engine.send_text(b"%d" % number)
    assert (await poll.answer()).body == b"40\x1e41\x1e42\x1e43"
    assert await client.poll() == ["44", "45"]


@pytest.mark.gen_test
async def test_packets_that_belong_together_stay_together(server: ProtocolServer) -> None:
    from server.protocol.engineio import OutgoingMessage, message_packet

    client, engine, _ = await open_polling(server)
    five = OutgoingMessage(*[message_packet(b"%d" % number) for number in range(5)])
    engine.send_text(b"before")
    engine.send(five)
    engine.send_text(b"after")
    assert await client.poll() == ["4before"]
    assert await client.poll() == ["40", "41", "42", "43", "44"]
    assert await client.poll() == ["4after"]


@pytest.mark.gen_test
async def test_client_that_does_not_poll_is_too_slow(server: ProtocolServer) -> None:
    client, engine, keeper = await open_polling(server)
    for _ in range(9):
        engine.send_text(b"x" * 1000)
    assert keeper.reasons == []
    engine.send_text(b"x" * 1000)
    assert keeper.reasons == []  # never from within a send
    await until(lambda: keeper.reasons)
    assert keeper.reasons == [CloseReason.SLOW_CONSUMER]
    assert server.runtime.metrics.slow_consumer_closes == 1
    assert await client.is_closed()


@pytest.mark.gen_test
async def test_nothing_follows_what_an_overflow_has_lost(server: ProtocolServer) -> None:
    client, engine, keeper = await open_polling(server)
    poll = await client.begin_poll()
    await client.post("6")
    for number in range(30):
        engine.send_text(b"%03d" % number + b"x" * 1000)
    assert (await poll.answer()).body == b"1"
    await until(lambda: keeper.reasons)


@pytest.mark.gen_test
async def test_droppable_messages_make_room(server: ProtocolServer) -> None:
    from server.protocol.engineio import OutgoingMessage, message_packet

    client, engine, keeper = await open_polling(server)
    for _ in range(20):
        engine.offer(OutgoingMessage(message_packet(b"y" * 1000)))
    for number in range(9):
        engine.send_text(b"%d" % number + b"x" * 1000)
    received = await client.poll() + await client.poll() + await client.poll()
    assert [packet[1] for packet in received] == [str(number) for number in range(9)]
    assert keeper.reasons == []


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@pytest.mark.gen_test
async def test_application_that_fails_ends_its_client_alone(
    server: ProtocolServer, logged_errors: ErrorLog, transport: str
) -> None:
    if transport == "polling":
        client, engine, keeper = await open_polling(server)
        assert (await client.post("4before", "4fail", "4never handled")).body == b"ok"
        assert await client.is_closed()
    else:
        socket = await Socket.start(server)
        await socket.text()
        engine = only_client(server.echo)
        assert isinstance(engine.handler, Keeper)
        keeper = engine.handler
        socket.send_text("4before", "4fail", "4never handled")
        assert (await socket.closed()).code == 1011
        await until(lambda: keeper.reasons)
    assert keeper.messages == [b"before"]
    assert len(keeper.reasons) == 1
    assert not server.echo.clients
    (logged,) = logged_errors.pop_all()
    assert "ZeroDivisionError" in logged


@pytest.mark.gen_test
async def test_long_post_lets_others_have_their_turn(server: ProtocolServer) -> None:
    flooding, _, keeper = await open_polling(server)
    seen: list[int] = []
    posting = asyncio.ensure_future(flooding.post(*["4x"] * 20_000))
    await until(lambda: keeper.messages)
    while not posting.done():
        seen.append(len(keeper.messages))
        await asyncio.sleep(0)
    assert len(keeper.messages) == 20_000
    assert len({count for count in seen if 0 < count < 20_000}) >= 10


@pytest.mark.gen_test
async def test_paused_through_the_upgrade(server: ProtocolServer) -> None:
    client, engine, keeper = await open_polling(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send_text("2probe")
    assert await wire.text() == "3probe"
    engine.pause()
    wire.send_text("5", "4later")
    await until(lambda: engine.session.state is SessionState.WEBSOCKET)
    assert keeper.messages == []
    engine.resume()
    await until(lambda: keeper.messages)
    assert keeper.messages == [b"later"]


@pytest.mark.parametrize("state", ["polling", "waiting", "probing", "websocket"])
@pytest.mark.gen_test
async def test_end_comes_once(server: ProtocolServer, state: str) -> None:
    if state == "websocket":
        await Socket.start(server)
        engine = only_client(server.echo)
        assert isinstance(engine.handler, Keeper)
        keeper = engine.handler
    else:
        client, engine, keeper = await open_polling(server)
        if state == "waiting":
            await client.begin_poll()
            await until(lambda: engine.polling is not None and engine.polling.is_waiting)
        if state == "probing":
            await WebSocketWire.connect(client.port, client.websocket_target)
            await until(lambda: engine.session.state is SessionState.PROBING)
    engine.close(CloseReason.SERVER_SHUTTING_DOWN)
    engine.close()
    engine.end(CloseReason.PING_TIMEOUT, "too late")
    engine.send_text(b"too late")
    assert keeper.reasons == [CloseReason.SERVER_SHUTTING_DOWN]
    assert not server.echo.clients
