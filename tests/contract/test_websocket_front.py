"""WebSocket handshakes before Tornado's parser: accepted as the handler accepts, and left to it where it decides."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.ioloop import IOLoop

from server.realtime.sockets import Socket
from tests.support import frames
from tests.support.engineio import ENGINE_PATH, SOCKET_PATH, Polling, ProtocolServer
from tests.support.wire import Answer, Wire, parse_head, upgrade_headers

TARGET = f"{ENGINE_PATH}?EIO=4&transport=websocket"
MODES = (True, False)


async def shake_hands(server: ProtocolServer, target: str, headers: dict[str, str]) -> tuple[Answer, bytes]:
    """Send a handshake; return the answer's head and what else came with it."""
    async with await Wire.open(server.port) as wire:
        wire.send_request("GET", target, headers)
        head = await wire.reader.readuntil(b"\r\n\r\n")
        status, fields = parse_head(head)
        fields.pop("date", None)
        rest = await wire.reader.read(100) if status == 101 else b""
        return Answer(status, fields, b""), rest[:3]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"Connection": "keep-alive, Upgrade"}, 101),
        ({"Connection": "upgrade"}, 101),
        ({"Upgrade": "WebSocket"}, 101),
        ({"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}, 101),
        ({"Sec-WebSocket-Protocol": "chat"}, 101),
        ({"Origin": "http://127.0.0.1"}, 101),
        ({"Origin": "http://elsewhere"}, 101),  # the server of these tests allows all
        ({"Sec-WebSocket-Version": "12"}, 426),
        ({"Sec-WebSocket-Version": ""}, 426),
        ({"Sec-WebSocket-Key": ""}, 400),
        ({"Upgrade": "h2c"}, 400),
        ({"Connection": "close"}, 400),
    ],
)
@pytest.mark.gen_test
async def test_front_and_handler_answer_alike(io_loop: IOLoop, headers: dict[str, str], status: int) -> None:
    answers = []
    for front in MODES:
        server = ProtocolServer(polling_front=front)
        answers.append(await shake_hands(server, TARGET, {**upgrade_headers(), **headers}))
        await server.stop()
    assert answers[0] == answers[1]
    assert answers[0][0].status == status


@pytest.mark.parametrize(
    "query",
    ["", "&token=a.b-c_d", "&token=a%2Bb&%74=1", "&a=1&a=2&b", "&name=%E5%A5%BD", "&plus=a+b"],
)
@pytest.mark.gen_test
async def test_what_is_known_of_the_client_is_the_same(io_loop: IOLoop, query: str) -> None:
    known: list[Any] = []
    for front in MODES:
        server = ProtocolServer(polling_front=front)

        @server.sio.on_connect
        def note(socket: Socket) -> None:
            handshake = socket.handshake
            headers = {name: value for name, value in handshake.headers.items() if name != "sec-websocket-key"}
            known.append((headers, handshake.query, handshake.address, handshake.url, handshake.secure))

        extra = {"Cookie": "a=1; b=2", "X-Twice": "1", "x-twice": "2", "Authorization": "Bearer x"}
        async with await Wire.open(server.port) as wire:
            wire.send_request("GET", f"{SOCKET_PATH}?EIO=4&transport=websocket{query}", {**upgrade_headers(), **extra})
            await wire.reader.readuntil(b"\r\n\r\n")
            wire.send(frames.client_frame(1, b"40"))
            await wire.reader.readuntil(b"auth")
        await server.stop()
    assert known[0] == known[1]
    assert known[0][0]["x-twice"] == "1,2"


@pytest.mark.gen_test
async def test_first_frames_may_come_with_the_handshake(server: ProtocolServer) -> None:
    async with await Wire.open(server.port) as wire:
        wire.send_request("GET", TARGET, upgrade_headers())
        wire.send(frames.client_frame(1, b"4first") + frames.client_frame(1, b"4second"))
        await wire.reader.readuntil(b"4first\x81\x074second")


@pytest.mark.parametrize("query", ["EIO=4&transport=websocket&sid=unknown", "EIO=5&transport=websocket", "EIO=4"])
@pytest.mark.gen_test
async def test_refusals_are_the_handlers(server: ProtocolServer, query: str) -> None:
    async with await Wire.open(server.port) as wire:
        wire.send_request("GET", f"{ENGINE_PATH}?{query}", upgrade_headers())
        assert (await wire.answer()).status == 400
    assert server.runtime.metrics.refused_requests == 1


@pytest.mark.gen_test
async def test_second_websocket_of_a_session(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as first, await Wire.open(server.port) as second:
        first.send_request("GET", client.websocket_target, upgrade_headers())
        await first.reader.readuntil(b"\r\n\r\n")
        second.send_request("GET", client.websocket_target, upgrade_headers())
        await second.reader.readuntil(b"\x88")  # closed at once; the first is still tried out
        first.send(frames.client_frame(1, b"2probe"))
        await first.reader.readuntil(b"\x81\x063probe")
