"""Socket.IO 5 over Engine.IO 4: what the server does with odd input, row by row."""

from __future__ import annotations

import re

import pytest

from tests.support import frames
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket
from tests.support.wire import Closed, until

UNKNOWN_NAMESPACE = '44/none,{"message":"Invalid namespace"}'


async def assert_closed(server: ProtocolServer, socket: Socket, code: int = 1002) -> None:
    """Check that the server closes, without an answer, and keeps nothing."""
    frame = await socket.frame()
    assert (frame.first, int.from_bytes(frame.payload[:2], "big")) == (0x88, code), frame
    socket.send(frames.client_frame(8, frame.payload))
    assert await socket.ended() == b""
    assert not server.sio.engine.clients
    assert not server.sio.root.sockets


async def assert_alive(socket: Socket, namespace: str = "") -> None:
    """Check that the next thing the server says is its answer to this."""
    socket.send_text(f'42{namespace}7["message-with-ack","alive"]'.replace(f"42{namespace}7", f"42{namespace}7"))
    assert await socket.text() == f'43{namespace}7["alive"]'


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


# Violations once connected.


@pytest.mark.parametrize(
    "packet",
    [
        '49["a"]',
        "4",
        "4abc",
        '44{"message":"not the client\'s to send"}',
        '44"text"',
        "42",
        "42[]",
        '42{"a":1}',
        '42"text"',
        "42null",
        "42[null]",
        "42[true]",
        "42[{}]",
        '42[["a"]]',
        '42["unfinished"',
        '42["a"]x',
        "42[NaN]",
        '42["message",1e999]',
        '42["message","\\ud800",1e999]',
        "42['a']",
        '42["connect"]',
        '42["connect_error"]',
        '42["disconnect"]',
        '42["disconnecting"]',
        '42["newListener"]',
        '42["removeListener"]',
        '421.5["message"]',
        '42-1["message"]',
        '42+1["message"]',
        '421e3["message"]',
        '4212345678901234567890["message-with-ack"]',
        '429007199254740993["message-with-ack"]',
        "43[]",
        '43{"a":1}',
        "431",
        '431{"a":1}',
        '41{"reason":"x"}',
        "41nonsense",
        '421-["message"]',
        '401-{"a":1}',
        '450-["message"]',
        '45-["message"]',
        '45["message"]',
        '4511-["message",{"_placeholder":true,"num":0}]',
        '459999999999-["message"]',
        '45-1-["message"]',
        '451.5-["message"]',
        "451-",
        '451-["disconnect",{"_placeholder":true,"num":0}]',
        '451-[{"_placeholder":true,"num":0}]',
        "460-0[]",
        '461-[{"_placeholder":true,"num":0}]',
        '42["deep",' + "[" * 1500 + "]" * 1500 + "]",
    ],
)
@pytest.mark.gen_test
async def test_packet_that_closes(server: ProtocolServer, packet: str) -> None:
    socket = await Socket.join(server)
    socket.send_text(packet)
    await assert_closed(server, socket)


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        ('420["message-with-ack",1]', "430[1]"),
        ('429007199254740992["message-with-ack"]', "439007199254740992[]"),
        ('42/,5["message-with-ack"]', "435[]"),
        ('42007["message-with-ack"]', "437[]"),
        ('421["message-with-ack","\\ud800"]', '431["\\ud800"]'),
        ('421["message-with-ack","\\ud83d\\ude00"]', '431["😀"]'),
        ('421["message-with-ack",{"\\ud800":1}]', '431[{"\\ud800":1}]'),
        ('421["message-with-ack",null,true,1.5,"a",[1],{"b":2}]', '431[null,true,1.5,"a",[1],{"b":2}]'),
        ('421["message-with-ack",{"_placeholder":true,"num":5}]', '431[{"_placeholder":true,"num":5}]'),
        ('421["message-with-ack",{"__proto__":1,"constructor":2}]', '431[{"__proto__":1,"constructor":2}]'),
        ('421["message-with-ack",18446744073709551615]', "431[18446744073709551615]"),
        ('42["message"]', '42["message-back"]'),
        ('42["message",' + "[" * 190 + "]" * 190 + "]", '42["message-back",' + "[" * 190 + "]" * 190 + "]"),
    ],
)
@pytest.mark.gen_test
async def test_packet_that_is_answered(server: ProtocolServer, packet: str, answer: str) -> None:
    socket = await Socket.join(server)
    socket.send_text(packet)
    assert await socket.text() == answer


@pytest.mark.parametrize(
    "packet",
    [
        '42["nobody registered this",1]',
        '42 ["nobody registered this" ,1 ] ',
        "42[1]",
        "42[1.5,2]",
        '42["error"]',
        '42["toString"]',
        '42["__proto__"]',
        '42["constructor"]',
        '42[""]',
        "42[100000000000000000000000000000]",
        "430[]",
        "43123456789[1,2]",
        '439007199254740992["x"]',
    ],
)
@pytest.mark.gen_test
async def test_packet_that_is_ignored(server: ProtocolServer, packet: str) -> None:
    socket = await Socket.join(server)
    socket.send_text(packet)
    await assert_alive(socket)


@pytest.mark.gen_test
async def test_event_named_by_a_number(server: ProtocolServer) -> None:
    server.sio.on(5)(lambda socket, value: [value, value])
    socket = await Socket.join(server)
    socket.send_text("421[5,7]", "422[5.0,8]")
    assert [await socket.text(), await socket.text()] == ["431[[7,7]]", "432[[8,8]]"]


# Attachments.


@pytest.mark.gen_test
async def test_binary_event(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('452-["message",{"a":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]')
    socket.send_binary(b"\x01\x02", b"\x03")
    assert await socket.text() == (
        '452-["message-back",{"a":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]'
    )
    assert [await socket.binary(), await socket.binary()] == [b"\x03", b"\x01\x02"]


@pytest.mark.gen_test
async def test_binary_ack_over_polling(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    await client.post('451-7["message-with-ack",{"_placeholder":true,"num":0}]', "bAQID")
    assert await client.poll() == ['461-7[{"_placeholder":true,"num":0}]', "bAQID"]


@pytest.mark.gen_test
async def test_ten_attachments_are_allowed(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    holders = ",".join(f'{{"_placeholder":true,"num":{number}}}' for number in range(10))
    socket.send_text(f'4510-1["message-with-ack",{holders}]')
    socket.send_binary(*[bytes((number,)) for number in range(10)])
    assert await socket.text() == f"4610-1[{holders}]"
    assert [await socket.binary() for _ in range(10)] == [bytes((number,)) for number in range(10)]


@pytest.mark.parametrize(
    "number", ["1", "-1", "999999999999", '"0"', '"splice"', "0.5", "0.0", "null", "true", "[0]", "{}", "1e0"]
)
@pytest.mark.gen_test
async def test_placeholder_out_of_range(server: ProtocolServer, number: str) -> None:
    socket = await Socket.join(server)
    socket.send_text(f'451-["message",{{"_placeholder":true,"num":{number}}}]')
    socket.send_binary(b"\x01")
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_attachment_used_twice(server: ProtocolServer) -> None:
    """No client writes that; a large attachment would be answered as often as its short placeholder stands."""
    socket = await Socket.join(server)
    holder = '{"_placeholder":true,"num":0}'
    socket.send_text(f'451-["message",{holder},{holder}]')
    socket.send_binary(b"\x01")
    await assert_closed(server, socket)


@pytest.mark.parametrize("text", ['42["message"]', "41", "40/custom,", '451-["message",{"_placeholder":true,"num":0}]'])
@pytest.mark.gen_test
async def test_text_while_attachments_are_owed(server: ProtocolServer, text: str) -> None:
    socket = await Socket.join(server)
    socket.send_text('451-["message",{"_placeholder":true,"num":0}]', text)
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_heartbeat_while_attachments_are_owed(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('451-["message",{"_placeholder":true,"num":0}]', "3")
    socket.send_binary(b"\x01")
    assert await socket.text() == '451-["message-back",{"_placeholder":true,"num":0}]'


@pytest.mark.parametrize("connect", [True, False])
@pytest.mark.gen_test
async def test_stray_binary_message(server: ProtocolServer, connect: bool) -> None:
    socket = await (Socket.join(server) if connect else Socket.start(server, SOCKET_PATH))
    socket.send_binary(b"\x01")
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_stray_binary_message_over_polling(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    assert (await client.post("b!!!!")).body == b"ok"
    assert await client.is_closed()


@pytest.mark.gen_test
async def test_attachments_over_the_byte_limit(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('453-["message"]')
    socket.send_binary(b"x" * 600_000, b"y" * 600_000)
    await assert_closed(server, socket)


@pytest.mark.gen_test
async def test_attachments_that_never_come(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('452-["message"]')
    socket.send(frames.binary(b"\x01") + frames.client_frame(9))
    await socket.frame()
    for _ in range(3):
        server.advance(0.3)
        assert await socket.text() == "2"
        socket.send(frames.text("3") + frames.client_frame(9))
        await socket.frame()
    server.advance(0.1)
    assert (await socket.closed()).code == 1008


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
