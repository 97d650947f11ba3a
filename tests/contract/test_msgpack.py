"""Clients with socket.io-msgpack-parser beside all the others: told apart by their first message."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgpack
import pytest

from server.realtime import wire_formats
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket, only_client
from tests.support.wire import until

CONNECT = b"\x83\xa4type\x00\xa4data\xd4\x00\x00\xa3nsp\xa1/"
DISCONNECT = b"\x82\xa4type\x01\xa3nsp\xa1/"


def event(*args: Any, **fields: Any) -> bytes:
    return bytes(msgpack.packb({"type": 2, "data": list(args), "options": {"compress": True}, "nsp": "/", **fields}))


def polled(data: bytes) -> str:
    return "b" + base64.b64encode(data).decode()


async def read(socket: Socket) -> Any:
    return msgpack.unpackb(await socket.binary())


async def join(server: ProtocolServer) -> Socket:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_binary(CONNECT)
    answer = await read(socket)
    assert (answer["type"], answer["nsp"], list(answer["data"])) == (0, "/", ["sid"])
    assert await read(socket) == {"type": 2, "data": ["auth", {}], "nsp": "/"}
    return socket


@pytest.mark.gen_test
async def test_events_and_acks(server: ProtocolServer) -> None:
    socket = await join(server)
    socket.send_binary(event("message", 1, b"\x00\x01", {"a": [b"", None]}))
    assert await read(socket) == {"type": 2, "data": ["message-back", 1, b"\x00\x01", {"a": [b"", None]}], "nsp": "/"}
    socket.send_binary(event("message-with-ack", b"\xff", id=7))
    assert await read(socket) == {"id": 7, "type": 3, "data": [b"\xff"], "nsp": "/"}


@pytest.mark.gen_test
async def test_over_polling(server: ProtocolServer) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    await client.post(polled(CONNECT))
    received = await client.poll()
    await client.post(polled(event("message", b"\x01")))
    while len(received) < 3:
        received += await client.poll()
    packets = [msgpack.unpackb(base64.b64decode(packet.removeprefix("b"))) for packet in received]
    assert [packet["type"] for packet in packets] == [0, 2, 2]
    assert packets[2]["data"] == ["message-back", b"\x01"]


@pytest.mark.gen_test
async def test_namespaces_and_refusal(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_binary(msgpack.packb({"type": 0, "data": {"token": "1"}, "nsp": "/custom"}))
    assert (await read(socket))["nsp"] == "/custom"
    assert await read(socket) == {"type": 2, "data": ["auth", {"token": "1"}], "nsp": "/custom"}
    socket.send_binary(msgpack.packb({"type": 0, "nsp": "/none"}))
    assert await read(socket) == {"type": 4, "data": {"message": "Invalid namespace"}, "nsp": "/none"}


@pytest.mark.gen_test
async def test_disconnect_by_either_side(server: ProtocolServer) -> None:
    socket = await join(server)
    (connected,) = server.sio.root.sockets.values()
    connected.disconnect()
    assert await read(socket) == {"type": 1, "nsp": "/"}  # a nil data is more than the client can bear
    socket.send_binary(CONNECT)
    assert (await read(socket))["type"] == 0
    await read(socket)
    socket.send_binary(DISCONNECT)
    socket.send_binary(CONNECT)
    assert (await read(socket))["type"] == 0


@pytest.mark.parametrize("data", [b"\xc1", b"\x80", event(), event("connect"), CONNECT + b"\x00", b""])
@pytest.mark.gen_test
async def test_packet_that_closes(server: ProtocolServer, data: bytes) -> None:
    socket = await join(server)
    socket.send_binary(data)
    assert (await socket.closed()).code == 1002
    assert not server.sio.engine.clients


@pytest.mark.gen_test
async def test_text_after_msgpack_closes(server: ProtocolServer) -> None:
    socket = await join(server)
    socket.send_text('42["message"]')
    closed = await socket.closed()
    assert (closed.code, closed.reason) == (
        1002,
        "text came on a connection that began with socket.io-msgpack-parser; binary is allowed",
    )


@pytest.mark.gen_test
async def test_msgpack_after_text_closes(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_binary(event("message"))
    assert (await socket.closed()).code == 1002


@pytest.mark.gen_test
async def test_event_before_connect_closes(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_binary(event("message"))
    assert (await socket.closed()).code == 1002


@pytest.mark.gen_test
async def test_one_room_holds_all_formats_and_each_is_encoded_once(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    for name in ("SOCKETIO_TEXT", "SOCKETIO_TEXT_3", "SOCKETIO_TEXT_3_BASE64", "SOCKETIO_MSGPACK"):
        wire_format = getattr(wire_formats, name)
        write = wire_format.encode

        def counted(*args: Any, name: str = name, write: Any = write) -> Any:
            encoded.append(name)
            return write(*args)

        monkeypatch.setattr(wire_format, "encode", counted)

    texts = [await Socket.join(server) for _ in range(2)]
    packed = [await join(server) for _ in range(2)]
    old = []
    for query in ("", "&b64=1"):
        socket = await Socket.connect(server.port, f"{SOCKET_PATH}?EIO=3&transport=websocket{query}")
        for _ in range(3):
            await socket.text()
        old.append(socket)
    assert server.sio.root.sockets
    for member in server.sio.root.sockets.values():
        member.join("room")

    server.sio.to("room").emit("all", b"\x01\x02")

    head = '451-["all",{"_placeholder":true,"num":0}]'
    for socket in texts:
        assert (await socket.text(), await socket.binary()) == (head, b"\x01\x02")
    for socket in packed:
        assert await read(socket) == {"type": 2, "data": ["all", b"\x01\x02"], "nsp": "/"}
    assert (await old[0].text(), await old[0].binary()) == (head, b"\x04\x01\x02")
    assert (await old[1].text(), await old[1].text()) == (head, "b4AQI=")
    assert sorted(encoded) == ["SOCKETIO_MSGPACK", "SOCKETIO_TEXT", "SOCKETIO_TEXT_3", "SOCKETIO_TEXT_3_BASE64"]


@pytest.mark.gen_test
async def test_client_is_not_read_while_enough_waits(server: ProtocolServer) -> None:
    decision = asyncio.Event()

    @server.sio.use
    async def wait(socket: object) -> None:
        await decision.wait()

    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_binary(msgpack.packb({"type": 0, "nsp": "/"}))
    socket.send_binary(*[msgpack.packb({"type": 2, "nsp": "/", "data": ["message", 1]})] * 64)
    await until(lambda: only_client(server.sio.engine).paused)
    decision.set()
    await until(lambda: not only_client(server.sio.engine).paused)


@pytest.mark.gen_test
async def test_parser_does_not_change_after_a_refusal(server: ProtocolServer) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text("40/none,")
    await socket.text()
    socket.send_binary(msgpack.packb({"type": 0, "nsp": "/"}))
    assert (await socket.closed()).code == 1002
