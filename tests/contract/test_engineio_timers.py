"""Engine.IO 4's times: heartbeat, the pong wait that traffic extends once, closing time."""

from __future__ import annotations

import pytest

from server.protocol.engineio_session import EngineOptions
from tests.apps.protocol import make_app
from tests.support import frames
from tests.support.engineio import ENGINE_PATH, Polling, ProtocolServer, Socket, assert_fault, only_client
from tests.support.wire import Closed, until

INTERVAL, TIMEOUT = 0.3, 0.2


async def settle(server: ProtocolServer, socket: Socket) -> None:
    """Wait until all that the client sent has been handled; traffic, but for a WebSocket ping not of Engine.IO."""
    socket.send(frames.client_frame(9, b"settled"))
    assert await socket.frame() == (0x8A, b"settled")


@pytest.mark.gen_test
async def test_websocket_is_pinged_and_lives_on_pongs(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    for _ in range(5):
        server.advance(INTERVAL)
        assert await socket.text() == "2"
        socket.send_text("3")
        await settle(server, socket)
    assert server.echo.clients


@pytest.mark.gen_test
async def test_no_ping_before_its_time(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    server.advance(INTERVAL - 0.02)
    await settle(server, socket)  # a ping would have come first


@pytest.mark.gen_test
async def test_websocket_without_pong_is_closed(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    server.advance(INTERVAL)
    assert await socket.text() == "2"
    server.advance(TIMEOUT - 0.02)
    assert server.echo.clients
    server.advance(0.02)
    assert not server.echo.clients
    assert await socket.closed() == Closed(1001, "ping timeout")


@pytest.mark.gen_test
async def test_polling_heartbeat(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    for _ in range(3):
        poll = await client.begin_poll()
        await client.post("6")
        server.advance(INTERVAL)
        assert (await poll.answer()).body == b"2"
        assert (await client.post("3")).body == b"ok"
    assert client.sid in server.echo.clients


@pytest.mark.gen_test
async def test_ping_does_not_wait_behind_what_is_queued(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    sent = [f"4{number}" for number in range(40)]
    await client.post(*sent)
    server.advance(INTERVAL)
    received = await client.poll()
    assert received[0] == "2"
    while len(received) < 41:
        received += await client.poll()
    assert received[1:] == sent


@pytest.mark.gen_test
async def test_polling_without_pong_is_closed(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    server.advance(INTERVAL)
    assert await client.poll() == ["2"]
    waiting = await client.begin_poll()
    engine = only_client(server.echo)
    await until(lambda: engine.polling is not None and engine.polling.is_waiting)
    server.advance(TIMEOUT)
    assert (await waiting.answer()).body == b"1"
    for answer in (await client.get(), await client.post("3")):
        assert_fault(answer, 1)


@pytest.mark.gen_test
async def test_client_that_never_polls_is_closed(server: ProtocolServer) -> None:
    await Polling.open(server)
    server.advance(INTERVAL)
    server.advance(TIMEOUT)
    assert not server.echo.clients


@pytest.mark.parametrize("traffic", [frames.text("4x"), frames.text("6"), frames.binary(b"x")])
@pytest.mark.gen_test
async def test_other_traffic_restarts_the_pong_wait_once(server: ProtocolServer, traffic: bytes) -> None:
    socket = await Socket.start(server)
    server.advance(INTERVAL)
    assert await socket.text() == "2"
    server.advance(TIMEOUT * 0.75)
    socket.send(traffic)
    await until(lambda: only_client(server.echo).session.heartbeat.value == "extended")
    server.advance(TIMEOUT * 0.75)
    assert server.echo.clients  # 1.5 times the time-out has passed
    socket.send(traffic)
    socket.send(frames.client_frame(9, b""))
    while (await socket.frame()).first != 0x8A:
        pass
    server.advance(TIMEOUT * 0.5)
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_extension_is_given_again_at_the_next_ping(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    for _ in range(3):
        server.advance(INTERVAL)
        assert await socket.text() == "2"
        server.advance(TIMEOUT * 0.75)
        socket.send_text("6")
        await settle(server, socket)
        server.advance(TIMEOUT * 0.75)
        assert server.echo.clients
        socket.send_text("3")
        await settle(server, socket)


@pytest.mark.gen_test
async def test_unsolicited_pongs_do_not_put_the_ping_off(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    socket.send_text(*["3"] * 5000)
    await settle(server, socket)
    server.advance(INTERVAL)
    assert await socket.text() == "2"


@pytest.mark.gen_test
async def test_heartbeat_goes_on_after_an_upgrade(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    server.advance(INTERVAL)
    socket = await Socket.connect(server.port, client.websocket_target)
    socket.send_text("2probe")
    assert await socket.text() == "3probe"
    socket.send_text("5")
    assert await socket.text() == "2"  # queued while polling
    socket.send_text("3")
    await settle(server, socket)
    server.advance(INTERVAL)
    assert await socket.text() == "2"


@pytest.mark.gen_test
async def test_peer_that_never_answers_the_close_frame_is_cut(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    only_client(server.echo).close()
    await socket.frame()
    server.advance(4.9)
    server.advance(0.2)
    assert await socket.ended() == b""


@pytest.mark.gen_test
async def test_closed_but_unfetched_polling_session_is_let_go_after_30_s(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    engine = only_client(server.echo)
    engine.send_text(b"unfetched")
    engine.close()
    server.advance(29.9)
    assert server.echo.clients
    server.advance(0.2)
    assert not server.echo.clients
    assert await client.is_closed()


@pytest.mark.gen_test
async def test_real_time(io_loop: object) -> None:
    """Heartbeat and time-out with the machine's clock, as `python -m tests.apps.protocol` runs."""
    server = ProtocolServer(make_app, EngineOptions(ping_interval=0.05, ping_timeout=2.0), real_time=True)
    try:
        socket = await Socket.connect(server.port, f"{ENGINE_PATH}?EIO=4&transport=websocket")
        assert (await socket.text())[0] == "0"
        for _ in range(3):
            assert await socket.text() == "2"
            socket.send_text("3")
        assert await socket.text() == "2"
        assert await socket.closed() == Closed(1001, "ping timeout")
    finally:
        await server.stop()
