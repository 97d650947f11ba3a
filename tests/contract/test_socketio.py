"""Socket.IO 5 over Engine.IO 4: joining and leaving namespaces, and odd ways to try."""

from __future__ import annotations

import re

import pytest

from tests.support import frames
from tests.support.endings import assert_alive, assert_closed
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket
from tests.support.wire import Closed, until

UNKNOWN_NAMESPACE = '44/none,{"message":"Invalid namespace"}'


# Connecting.


@pytest.mark.parametrize(
    ("connect", "prefix", "auth"),
    [
        ("40", "40", "{}"),
        ("40{}", "40", "{}"),
        ('40{"token":"123"}', "40", '{"token":"123"}'),
        ('40/,{"token":"123"}', "40", '{"token":"123"}'),
        ("40/custom,", "40/custom,", "{}"),
        ("40/custom", "40/custom,", "{}"),
        ('40/custom,{"名":"😀"}', "40/custom,", '{"名":"😀"}'),
    ],
)
@pytest.mark.gen_test
async def test_connect(server: ProtocolServer, connect: str, prefix: str, auth: str) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text(connect)
    answer = await socket.text()
    found = re.fullmatch(re.escape(prefix) + r'\{"sid":"([A-Za-z0-9_-]{20})"\}', answer)
    assert found is not None, answer
    assert found[1] != socket.opened["sid"]  # that one is a secret
    assert await socket.text() == f'42{prefix[2:]}["auth",{auth}]'


@pytest.mark.parametrize(
    "packet",
    [
        '42["message"]',
        '42/custom,["message"]',
        "41",
        '430["x"]',
        '451-["message",{"_placeholder":true,"num":0}]',
        '461-0[{"_placeholder":true,"num":0}]',
    ],
)
@pytest.mark.gen_test
async def test_packet_before_any_connect(server: ProtocolServer, packet: str) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text(packet)
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_event_for_another_namespace_than_the_connected(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('42/custom,["message"]')
    await assert_closed(server, socket)


@pytest.mark.parametrize("again", ["40", "40{}", "40/,{}"])
@pytest.mark.gen_test
async def test_second_connect_to_the_same_namespace(server: ProtocolServer, again: str) -> None:
    socket = await Socket.join(server)
    socket.send_text(again)
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_two_connects_back_to_back_never_make_two_sockets(server: ProtocolServer) -> None:
    joined: list[str] = []
    server.sio.root.on_connect(lambda socket: joined.append(socket.id))
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text("40", "40")
    assert (await socket.closed()).code == 1002
    assert len(joined) == 1
    assert not server.sio.root.sockets


@pytest.mark.gen_test
async def test_connect_to_an_unknown_namespace(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text("40/none,", '42/none,["on its way"]', "40")
    assert await socket.text() == UNKNOWN_NAMESPACE
    assert (await socket.text()).startswith("40{")
    assert await socket.text() == '42["auth",{}]'
    socket.send_text('40/none,{"token":1}')
    assert await socket.text() == UNKNOWN_NAMESPACE
    await assert_alive(socket)


@pytest.mark.parametrize("payload", ["[]", '["a"]', '"text"', "1", "true", "{", "nonsense"])
@pytest.mark.gen_test
async def test_connect_with_a_payload_that_is_no_object(server: ProtocolServer, payload: str) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text(f"40{payload}")
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_two_namespaces_on_one_connection(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text("40/custom,")
    assert (await socket.text()).startswith("40/custom,{")
    assert await socket.text() == '42/custom,["auth",{}]'
    socket.send_text('42["message",1]', '42/custom,["message",2]', '42/custom,5["message-with-ack",3]')
    assert [await socket.text() for _ in range(3)] == [
        '42["message-back",1]',
        '42/custom,["message-back",2]',
        "43/custom,5[3]",
    ]
    socket.send_text("41/custom,")
    await assert_alive(socket)


@pytest.mark.gen_test
async def test_connect_right_behind_disconnect(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text("41", "40", '42["message","again"]')
    assert (await socket.text()).startswith('40{"sid":')
    assert await socket.text() == '42["auth",{}]'
    assert await socket.text() == '42["message-back","again"]'


@pytest.mark.gen_test
async def test_event_behind_disconnect(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text("41", '42["message"]')
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_events_in_the_frames_behind_connect(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text("40", '42["message",1]', '42["message",2]')
    assert (await socket.text()).startswith("40{")
    assert [await socket.text() for _ in range(3)] == ['42["auth",{}]', '42["message-back",1]', '42["message-back",2]']


@pytest.mark.gen_test
async def test_connect_and_events_in_one_post(server: ProtocolServer) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    assert (await client.post("40", '42["message",1]', '421["message-with-ack",2]')).body == b"ok"
    received = await client.poll()
    while len(received) < 4:
        received += await client.poll()
    assert received[0].startswith("40{")
    assert received[1:] == ['42["auth",{}]', '42["message-back",1]', "431[2]"]


@pytest.mark.gen_test
async def test_no_connect_within_the_connect_timeout(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    for _ in range(3):
        server.advance(0.3)
        assert await socket.text() == "2"
        socket.send(frames.text("3") + frames.client_frame(9))
        await socket.frame()
    server.advance(0.1)
    assert await socket.closed() == Closed(1008, "connect timeout")


@pytest.mark.gen_test
async def test_refused_connects_do_not_stop_the_connect_timeout(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    for _ in range(3):
        socket.send(frames.text("40/none,"))
        assert await socket.text() == UNKNOWN_NAMESPACE
        server.advance(0.3)
        assert await socket.text() == "2"
        socket.send(frames.text("3") + frames.client_frame(9))
        await socket.frame()
    server.advance(0.1)
    assert (await socket.closed()).code == 1008


@pytest.mark.gen_test
async def test_polling_client_without_connect_is_closed(server: ProtocolServer) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    for _ in range(3):
        server.advance(0.3)
        assert await client.poll() == ["2"]
        await client.post("3")
    server.advance(0.1)
    assert await client.is_closed()


# Leaving.


@pytest.mark.gen_test
async def test_client_disconnects(server: ProtocolServer) -> None:
    reasons: list[str] = []
    server.sio.root.on_disconnect(lambda socket, reason: reasons.append(reason))
    socket = await Socket.join(server)
    socket.send_text("41")
    await until(lambda: reasons)
    assert reasons == ["client namespace disconnect"]
    assert not server.sio.root.sockets
    assert server.sio.engine.clients  # the connection stays


@pytest.mark.gen_test
async def test_server_disconnects(server: ProtocolServer) -> None:
    reasons: list[str] = []
    server.sio.root.on_disconnect(lambda socket, reason: reasons.append(reason))
    socket = await Socket.join(server)
    (connected,) = server.sio.root.sockets.values()
    connected.emit("last")
    connected.disconnect()
    connected.emit("too late")
    socket.send_text('42["message","on its way"]', "430[]", '451-["message",{"_placeholder":true,"num":0}]')
    socket.send_binary(b"\x01")
    assert [await socket.text(), await socket.text()] == ['42["last"]', "41"]
    assert reasons == ["server namespace disconnect"]
    socket.send_text("40")  # the packets on their way were dropped, and it may come back
    assert (await socket.text()).startswith("40{")


@pytest.mark.gen_test
async def test_server_shuts_down_without_a_disconnect_packet(server: ProtocolServer) -> None:
    reasons: list[str] = []
    server.sio.root.on_disconnect(lambda socket, reason: reasons.append(reason))
    socket, client = await Socket.join(server), await Polling.join(server)
    await server.sio.close()
    assert await socket.closed() == Closed(1001, "server shutting down")
    assert await client.poll() == ["1"]
    assert reasons == ["server shutting down"] * 2


@pytest.mark.parametrize(
    ("end", "reason"),
    [("1", "transport close"), ("2", "transport error"), ("7", "parse error"), ('42["connect"]', "parse error")],
)
@pytest.mark.gen_test
async def test_reasons_of_a_disconnect(server: ProtocolServer, end: str, reason: str) -> None:
    reasons: list[str] = []
    server.sio.root.on_disconnect(lambda socket, reason: reasons.append(reason))
    socket = await Socket.join(server)
    socket.send_text(end)
    await socket.closed()
    assert reasons == [reason]
