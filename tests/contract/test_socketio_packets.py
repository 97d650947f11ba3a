"""Socket.IO 5 over Engine.IO 4: events, acks and attachments, and every odd form of them."""

from __future__ import annotations

import asyncio

import pytest

from tests.support import frames
from tests.support.endings import assert_alive, assert_closed
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket

UNKNOWN_NAMESPACE = '44/none,{"message":"Invalid namespace"}'


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
    await assert_closed_after_a_second(server, socket)


@pytest.mark.gen_test
async def test_attachments_that_never_come_while_a_name_is_looked_up(server: ProtocolServer) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def knows(name: str, auth: object) -> bool:
        asked.set()
        return await answer.wait()

    server.sio.dynamic_namespace(knows)
    socket = await Socket.join(server)
    socket.send_text("40/slow,", '451-["message",{"_placeholder":true,"num":0}]')
    socket.send(frames.client_frame(9))
    await socket.frame()
    await asked.wait()
    answer.set()
    assert (await socket.text()).startswith("40/slow,{")
    await assert_closed_after_a_second(server, socket)


async def assert_closed_after_a_second(server: ProtocolServer, socket: Socket) -> None:
    for _ in range(3):
        server.advance(0.3)
        assert await socket.text() == "2"
        socket.send(frames.text("3") + frames.client_frame(9))
        await socket.frame()
    server.advance(0.1)
    assert (await socket.closed()).code == 1008
