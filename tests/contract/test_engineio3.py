"""Engine.IO 3 and Socket.IO 2 on the same path: the client pings, lengths before packets, no CONNECT for the root."""

from __future__ import annotations

import json
import logging

import pytest

from server.protocol.engineio_session import CloseReason
from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.engineio import ENGINE_PATH, OPTIONS, SOCKET_PATH, ProtocolServer, Socket, assert_fault
from tests.support.wire import Answer, Wire, request, upgrade_headers

SILENCE_SECONDS = OPTIONS.ping_interval + OPTIONS.ping_timeout


class Polling3:
    """An Engine.IO 3 session over long-polling."""

    def __init__(self, port: int, target: str, sid: str) -> None:
        self.port = port
        self.sid = sid
        self.target = f"{target}&sid={sid}"

    @classmethod
    async def open(cls, server: ProtocolServer, path: str = ENGINE_PATH, query: str = "") -> Polling3:
        target = f"{path}?EIO=3&transport=polling{query}"
        answer = await request(server.port, "GET", target)
        length, _, packet = answer.body.decode().partition(":")
        assert (answer.status, len(packet), packet[0]) == (200, int(length), "0")
        return cls(server.port, target, json.loads(packet[1:])["sid"])

    async def get(self) -> Answer:
        return await request(self.port, "GET", self.target)

    async def post(self, body: bytes, content_type: str = "text/plain;charset=UTF-8") -> Answer:
        return await request(self.port, "POST", self.target, {"Content-Type": content_type}, body)


async def open_socket(server: ProtocolServer, path: str = ENGINE_PATH, query: str = "") -> Socket:
    wire = await Socket.connect(server.port, f"{path}?EIO=3&transport=websocket{query}")
    wire.opened = json.loads((await wire.text())[1:])
    return wire


@pytest.mark.gen_test
async def test_polling_text(server: ProtocolServer) -> None:
    client = await Polling3.open(server)
    assert (await client.post('13:42["a","😀é"]2:4b'.encode())).body == b"ok"
    answer = await client.get()
    assert (answer.content_type, answer.body) == ("text/plain; charset=UTF-8", '13:42["a","😀é"]2:4b'.encode())


@pytest.mark.gen_test
async def test_polling_binary(server: ProtocolServer) -> None:
    client = await Polling3.open(server)
    body = bytes.fromhex("0103ff040102" + "0002ff3478")
    assert (await client.post(body, "application/octet-stream")).body == b"ok"
    answer = await client.get()
    assert (answer.content_type, answer.body) == ("application/octet-stream", body)


@pytest.mark.gen_test
async def test_polling_binary_as_base64(server: ProtocolServer) -> None:
    client = await Polling3.open(server, query="&b64=1")
    await client.post(b"6:b4AQI=")
    answer = await client.get()
    assert (answer.content_type, answer.body) == ("text/plain; charset=UTF-8", b"6:b4AQI=")


@pytest.mark.gen_test
async def test_websocket(server: ProtocolServer) -> None:
    socket = await open_socket(server)
    assert socket.opened["upgrades"] == []
    socket.send_text("4héllo")
    assert await socket.text() == "4héllo"
    socket.send(frames.client_frame(Opcode.BINARY, b"\x04\x01\x02"))
    frame = await socket.frame()
    assert (frame.first & 0x0F, frame.payload) == (Opcode.BINARY, b"\x04\x01\x02")


@pytest.mark.gen_test
async def test_websocket_binary_as_base64(server: ProtocolServer) -> None:
    socket = await open_socket(server, query="&b64=1")
    socket.send_text("b4AQI=")
    assert await socket.text() == "b4AQI="


@pytest.mark.parametrize("ping", ["2", "2data"])
@pytest.mark.gen_test
async def test_the_client_pings(server: ProtocolServer, ping: str) -> None:
    socket = await open_socket(server)
    polling = await Polling3.open(server)
    for _ in range(4):
        server.advance(SILENCE_SECONDS * 0.9)
        socket.send_text(ping)
        assert await socket.text() == "3"
        assert (await polling.post(f"{len(ping)}:{ping}".encode())).body == b"ok"
        assert (await polling.get()).body == b"1:3"
    assert len(server.echo.clients) == 2


@pytest.mark.gen_test
async def test_silence_closes(server: ProtocolServer) -> None:
    socket = await open_socket(server)
    polling = await Polling3.open(server)
    server.advance(SILENCE_SECONDS * 0.9)
    socket.send_text("4any packet counts")
    assert await socket.text() == "4any packet counts"
    server.advance(SILENCE_SECONDS * 0.2)
    assert_fault(await polling.get(), 1)
    server.advance(SILENCE_SECONDS * 0.9)
    closed = await socket.closed()
    assert (closed.code, closed.reason) == (1001, CloseReason.PING_TIMEOUT.text)


@pytest.mark.parametrize("packet", ["3", "3probe", "0", "9", "b5AQI=", "bAQI="])
@pytest.mark.gen_test
async def test_packet_that_closes(server: ProtocolServer, packet: str) -> None:
    socket = await open_socket(server)
    socket.send_text(packet)
    assert (await socket.closed()).code == 1002
    assert not server.echo.clients


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x34x", b"\xff"])
@pytest.mark.gen_test
async def test_binary_frame_that_closes(server: ProtocolServer, data: bytes) -> None:
    socket = await open_socket(server)
    socket.send(frames.client_frame(Opcode.BINARY, data))
    assert (await socket.closed()).code == 1002


@pytest.mark.parametrize("body", [b"abc", b"", b"2:4", b"1:9", b"1:3"])
@pytest.mark.gen_test
async def test_post_that_closes(server: ProtocolServer, body: bytes) -> None:
    client = await Polling3.open(server)
    assert (await client.post(body)).body == b"ok"
    assert_fault(await client.get(), 1)


@pytest.mark.gen_test
async def test_upgrade_keeps_order(server: ProtocolServer) -> None:
    client = await Polling3.open(server)
    poll = await Wire.open(server.port)
    poll.send_request("GET", client.target)
    socket = await Socket.connect(server.port, client.target.replace("polling", "websocket"))
    socket.send_text("2probe")
    assert await socket.text() == "3probe"
    assert (await poll.answer()).body == b"1:6"
    await client.post(b"2:4a" + b"6:b4AQI=")
    socket.send_text("5")
    assert await socket.text() == "4a"
    assert (await socket.frame()).payload == b"\x04\x01\x02"
    socket.send_text("2")
    assert await socket.text() == "3"


@pytest.mark.gen_test
async def test_version_of_a_session_stays(server: ProtocolServer) -> None:
    client = await Polling3.open(server)
    detail = assert_fault(await request(server.port, "GET", client.target.replace("EIO=3", "EIO=4")), 3)
    assert detail == "got EIO=4; the session was opened with EIO=3"
    assert client.sid in server.echo.clients


@pytest.mark.gen_test
async def test_switched_off(server: ProtocolServer, caplog: pytest.LogCaptureFixture) -> None:
    server.echo.options = server.echo.options._replace(allow_eio3=False)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            detail = assert_fault(await request(server.port, "GET", f"{ENGINE_PATH}?EIO=3&transport=polling"), 5)
            assert "EIO=3" in detail and "allow_eio3" in detail
        async with await Wire.open(server.port) as wire:
            wire.send_request("GET", f"{ENGINE_PATH}?EIO=3&transport=websocket", upgrade_headers())
            answer = await wire.answer()
            assert (answer.status, answer.body.decode()) == (400, f"Unsupported protocol version: {detail}")
    assert [record.getMessage() for record in caplog.records].count(
        f"engine.io refused: from=127.0.0.1 code=5 {f'Unsupported protocol version: {detail}'!r}"
    ) == 1
    assert server.runtime.metrics.refused_requests == 3


# Socket.IO 2 on it.


@pytest.mark.gen_test
async def test_root_is_joined_without_asking(server: ProtocolServer) -> None:
    socket = await open_socket(server, SOCKET_PATH)
    assert await socket.text() == "40"
    assert await socket.text() == '42["auth",{}]'
    assert list(server.sio.root.sockets) == [socket.opened["sid"]]
    socket.send_text('421["message-with-ack","x",{"a":1}]')
    assert await socket.text() == '431["x",{"a":1}]'


@pytest.mark.gen_test
async def test_root_over_polling(server: ProtocolServer) -> None:
    client = await Polling3.open(server, SOCKET_PATH)
    assert (await client.get()).body == b'2:4013:42["auth",{}]'


@pytest.mark.parametrize(
    ("namespace", "auth"),
    [
        ("/custom", "{}"),
        ("/custom?token=1", '{"token":"1"}'),
        ("/custom?a=1&b=%E5%A5%BD&a=2&c=", '{"a":"2","b":"好","c":""}'),
    ],
)
@pytest.mark.gen_test
async def test_namespace_with_query(server: ProtocolServer, namespace: str, auth: str) -> None:
    socket = await open_socket(server, SOCKET_PATH)
    await socket.text()
    await socket.text()
    socket.send_text(f"40{namespace},")
    assert await socket.text() == "40/custom,"
    assert await socket.text() == f'42/custom,["auth",{auth}]'
    assert list(server.sio.namespace("/custom").sockets) == [f"/custom#{socket.opened['sid']}"]


@pytest.mark.gen_test
async def test_too_many_fields_in_the_query(server: ProtocolServer) -> None:
    socket = await open_socket(server, SOCKET_PATH)
    await socket.text()
    await socket.text()
    socket.send_text("40/custom?" + "&".join(f"{number}=" for number in range(101)) + ",")
    assert (await socket.closed()).code == 1002


@pytest.mark.gen_test
async def test_unknown_namespace(server: ProtocolServer) -> None:
    socket = await open_socket(server, SOCKET_PATH)
    await socket.text()
    await socket.text()
    socket.send_text("40/none,")
    assert await socket.text() == '44/none,{"message":"Invalid namespace"}'


@pytest.mark.gen_test
async def test_binary_event(server: ProtocolServer) -> None:
    socket = await open_socket(server, SOCKET_PATH)
    await socket.text()
    await socket.text()
    socket.send_text('451-["message",{"_placeholder":true,"num":0}]')
    socket.send(frames.client_frame(Opcode.BINARY, b"\x04\x01\x02"))
    assert await socket.text() == '451-["message-back",{"_placeholder":true,"num":0}]'
    assert (await socket.frame()).payload == b"\x04\x01\x02"


@pytest.mark.gen_test
async def test_binary_event_over_polling(server: ProtocolServer) -> None:
    client = await Polling3.open(server, SOCKET_PATH)
    await client.get()
    event = '451-["message",{"_placeholder":true,"num":0}]'
    await client.post(f"{len(event)}:{event}6:b4AQI=".encode())
    answer = await client.get()
    assert answer.content_type == "application/octet-stream"
    assert answer.body.endswith(b"\x01\x03\xff\x04\x01\x02")


@pytest.mark.gen_test
async def test_msgpack_is_for_engineio_4(server: ProtocolServer) -> None:
    socket = await open_socket(server, SOCKET_PATH)
    await socket.text()
    await socket.text()
    socket.send(frames.client_frame(Opcode.BINARY, b"\x04\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/"))
    closed = await socket.closed()
    assert closed.code == 1002
    assert "msgpack" in closed.reason
