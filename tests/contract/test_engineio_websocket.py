"""Engine.IO 4 over WebSocket: framing, stray packets, and the upgrade from polling with its order kept."""

from __future__ import annotations

import asyncio
import json

import pytest

from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.engineio import ENGINE_PATH, Polling, ProtocolServer, Socket, only_client, payload
from tests.support.wire import Closed, WebSocketWire, Wire, request, until, upgrade_headers

TARGET = f"{ENGINE_PATH}?EIO=4&transport=websocket"


# Handshake and messages.


@pytest.mark.gen_test
async def test_handshake(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    sid = only_client(server.echo).sid
    expected = {"sid": sid, "upgrades": [], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000}
    assert json.dumps(socket.opened) == json.dumps(expected)


@pytest.mark.gen_test
async def test_frames_behind_the_request_in_one_write(server: ProtocolServer) -> None:
    wire = await WebSocketWire.connect(server.port, TARGET, early=frames.text("4early") + frames.text("4more"))
    assert (await wire.text())[0] == "0"
    assert [await wire.text(), await wire.text()] == ["4early", "4more"]


@pytest.mark.parametrize("version", ["8", "12", ""])
@pytest.mark.gen_test
async def test_other_websocket_version(server: ProtocolServer, version: str) -> None:
    headers = {**upgrade_headers(), "Sec-WebSocket-Version": version}
    answer = await request(server.port, "GET", TARGET, headers)
    assert (answer.status, answer.headers["sec-websocket-version"]) == (426, "13")
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_upgrade_without_a_key(server: ProtocolServer) -> None:
    headers = upgrade_headers()
    del headers["Sec-WebSocket-Key"]
    assert (await request(server.port, "GET", TARGET, headers)).status == 400
    assert not server.echo.clients


@pytest.mark.parametrize("message", ["hello", "", "你好 😀é", "x" * 200, "y" * 70_000])
@pytest.mark.gen_test
async def test_text_echo(server: ProtocolServer, message: str) -> None:
    socket = await Socket.start(server)
    socket.send_text(f"4{message}")
    assert await socket.text() == f"4{message}"


@pytest.mark.parametrize("message", [b"\x01\x02\x03", b"", b"\x04", bytes(range(256)) * 300])
@pytest.mark.gen_test
async def test_binary_echo(server: ProtocolServer, message: bytes) -> None:
    socket = await Socket.start(server)
    socket.send_binary(message)
    assert await socket.binary() == message


@pytest.mark.gen_test
async def test_many_frames_of_one_write_are_answered_in_order(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    sent = [f"4{number}" for number in range(1000)]
    socket.send_text(*sent)
    assert [await socket.text() for _ in sent] == sent


# Stray packets.


@pytest.mark.parametrize("ignored", ["3", "3probe", "5", "6", "6x"])
@pytest.mark.gen_test
async def test_stray_packet_is_ignored(server: ProtocolServer, ignored: str) -> None:
    socket = await Socket.start(server)
    socket.send_text(ignored, "4after")
    assert await socket.text() == "4after"


@pytest.mark.parametrize(
    ("packet", "code"),
    [("2", 1002), ("2probe", 1002), ("0", 1002), ("7", 1002), ("", 1002), ("abc", 1002), ("\0", 1002), ("é", 1002)],
)
@pytest.mark.gen_test
async def test_packet_that_closes(server: ProtocolServer, packet: str, code: int) -> None:
    socket = await Socket.start(server)
    socket.send_text(packet, "4never handled")
    assert (await socket.closed()).code == code
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_close_packet_closes_at_once(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    socket.send_text("4last", "1", "4never handled")
    assert await socket.text() == "4last"
    assert await socket.closed() == Closed(1000, "transport close")
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_close_frame_right_behind_a_violation_ends_the_connection(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    socket.send(frames.text("7") + frames.close(1000))
    assert (await socket.frame()).opcode == Opcode.CLOSE
    assert await socket.ended() == b""  # at once: under the fake clock no timer cuts it


@pytest.mark.gen_test
async def test_client_closes_the_websocket(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    socket.send(frames.close(1000))
    assert await socket.closed() == Closed(1000, "")
    await until(lambda: not server.echo.clients)


@pytest.mark.gen_test
async def test_server_closes_the_websocket(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    client = only_client(server.echo)
    client.send_text(b"last")
    client.close()
    client.send_text(b"too late")
    assert await socket.text() == "4last"
    assert await socket.closed() == Closed(1000, "forced close")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (frames.client_frame(Opcode.TEXT, b"4a", reserved=4), 1002),  # as if deflate were agreed on
        (frames.client_frame(Opcode.TEXT, b"4a", masked=False), 1002),
        (frames.client_frame(Opcode.TEXT, b"4\xff"), 1007),
        (frames.client_frame(3, b""), 1002),
        (frames.client_frame(Opcode.CONTINUATION, b"4a"), 1002),
        (b"\x81\xff" + (50 << 20).to_bytes(8, "big"), 1009),  # 50 MiB, refused from its header
        (b"\x82\xff" + (1_000_001).to_bytes(8, "big"), 1009),
    ],
)
@pytest.mark.gen_test
async def test_frame_that_closes(server: ProtocolServer, frame: bytes, code: int) -> None:
    socket = await Socket.start(server)
    socket.send(frames.text("4before") + frame)
    assert await socket.text() == "4before"
    assert (await socket.closed()).code == code
    await until(lambda: not server.echo.clients)


@pytest.mark.gen_test
async def test_deflate_is_never_agreed_on(server: ProtocolServer) -> None:
    headers = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    wire = await WebSocketWire.connect(server.port, TARGET, headers)  # checks that the answer has no extensions
    assert (await wire.text())[0] == "0"


@pytest.mark.gen_test
async def test_websocket_ping_is_answered(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    socket.send(frames.client_frame(Opcode.PING, b"are you there"))
    assert await socket.frame() == (0x8A, b"are you there")


# Upgrade.


async def probe(client: Polling) -> WebSocketWire:
    """Open a WebSocket for a session that polls, and have its probe answered."""
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send_text("2probe")
    assert await wire.text() == "3probe"
    return wire


@pytest.mark.gen_test
async def test_upgrade_sequence(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    wire = await probe(client)
    assert (await poll.answer()).body == b"6"
    wire.send_text("5", "4after")
    assert await wire.text() == "4after"
    assert (await client.get()).json()["code"] == 3
    assert (await client.post("4x")).json()["code"] == 3


@pytest.mark.gen_test
async def test_messages_between_probe_and_upgrade_keep_order(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    engine = only_client(server.echo)
    engine.send_text(b"0")
    assert await client.poll() == ["40"]
    wire = await probe(client)
    for number in range(1, 21):
        engine.send_text(b"%d" % number)
    engine.send_binary(b"\x15")
    wire.send_text("5", "4after")
    assert [await wire.text() for _ in range(20)] == [f"4{number}" for number in range(1, 21)]
    assert await wire.binary() == b"\x15"
    assert await wire.text() == "4after"


@pytest.mark.gen_test
async def test_messages_before_the_probe_are_flushed_to_the_waiting_poll(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    only_client(server.echo).send_text(b"queued")
    wire.send_text("2probe")
    assert (await poll.answer()).body in (b"4queued", b"6")
    assert await wire.text() == "3probe"


@pytest.mark.gen_test
async def test_poll_while_probing_gets_a_noop(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await probe(client)
    assert await client.poll() == ["6"]
    assert await client.poll() == ["6"]
    only_client(server.echo).send_text(b"polled")
    assert await client.poll() == ["4polled"]
    assert (await client.post("4posted")).body == b"ok"
    wire.send_text("5")
    assert await wire.text() == "4posted"


@pytest.mark.gen_test
async def test_poll_that_waits_at_the_upgrade_gets_a_noop(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await probe(client)
    poll = await client.begin_poll()
    engine = only_client(server.echo)
    await until(lambda: engine.polling is not None and engine.polling.is_waiting)
    engine.send_text(b"late")
    wire.send_text("5")
    received = (await poll.answer()).body.decode()
    assert (received, await wire.text() if received == "6" else None) in (("6", "4late"), ("4late", None))


@pytest.mark.gen_test
async def test_probe_twice_and_upgrade_in_one_write(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    target = client.websocket_target
    early = frames.text("2probe") + frames.text("2probe") + frames.text("5") + frames.text("4a")
    wire = await WebSocketWire.connect(client.port, target, early=early)
    assert [await wire.text() for _ in range(3)] == ["3probe", "3probe", "4a"]


@pytest.mark.parametrize(
    "junk",
    [
        frames.text("4message"),
        frames.text("2"),
        frames.text("abc"),
        frames.text(""),
        frames.text("1"),
        frames.binary(b"\x01"),
        frames.client_frame(3, b""),
        frames.close(1000),
        frames.text("2probe") + frames.text("4message"),
    ],
)
@pytest.mark.gen_test
async def test_anything_else_closes_only_the_probing_socket(server: ProtocolServer, junk: bytes) -> None:
    client = await Polling.open(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send(junk)
    await wire.closed()
    assert (await client.post("4still polling")).body == b"ok"
    assert await client.poll() == ["4still polling"]
    again = await probe(client)  # a new try is free
    again.send_text("5", "4upgraded")
    assert await again.text() == "4upgraded"


@pytest.mark.gen_test
async def test_probing_socket_vanishes(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await probe(client)
    wire.reset()
    engine = only_client(server.echo)
    await until(lambda: engine.probe is None)
    await client.post("4still polling")
    assert await client.poll() == ["4still polling"]


@pytest.mark.gen_test
async def test_second_websocket_while_probing(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    first = await probe(client)
    second = await WebSocketWire.connect(client.port, client.websocket_target)
    second.send_text("2probe", "5")
    assert (await second.closed()).code == 1008
    first.send_text("5", "4first works")
    assert await first.text() == "4first works"


@pytest.mark.gen_test
async def test_second_websocket_of_an_upgraded_session(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    first = await probe(client)
    first.send_text("5")
    for sid in (client.sid, (await Socket.start(server)).opened["sid"]):
        second = await WebSocketWire.connect(server.port, f"{TARGET}&sid={sid}")
        second.send_text("2probe", "5", "4no")
        assert (await second.closed()).code == 1008
    first.send_text("4first works")
    assert await first.text() == "4first works"


@pytest.mark.gen_test
async def test_unfinished_upgrade_is_dropped(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await probe(client)
    engine = only_client(server.echo)
    for _ in range(32):  # 10 s of heartbeats, answered
        server.advance(0.3)
        assert (await client.poll())[0] == "2"
        await client.post("3")
    assert await wire.closed() == Closed(1008, "upgrade timeout")
    assert engine.connection is None
    await client.post("4still polling")
    assert await client.poll() == ["4still polling"]


@pytest.mark.gen_test
async def test_session_that_ends_takes_the_probing_socket_along(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await probe(client)
    await client.post("1")
    assert (await wire.closed()).code == 1000
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_waiting_polls_come_back_while_a_websocket_is_tried(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    engine = only_client(server.echo)
    await until(lambda: engine.probe is not None)
    poll: Wire = await client.begin_poll()
    assert (await poll.answer()).body == payload("6")
    wire.close()
    await until(lambda: engine.probe is None)
    waiting = await client.begin_poll()
    with pytest.raises(asyncio.TimeoutError):
        async with asyncio.timeout(0.15):
            await waiting.reader.read(1)
