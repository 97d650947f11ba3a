"""Connections that mix polls, other paths and oddities: the same whether the front or the handler answers polls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from tests.apps.protocol import make_app
from tests.support.engineio import Polling, ProtocolServer, only_client
from tests.support.wire import WEBSOCKET_KEY, Answer, WebSocketWire, Wire, parse_head, request, until, upgrade_headers

HOST = "Host: 127.0.0.1\r\n"


class Other(RequestHandler):
    """Something that is not Engine.IO."""

    def get(self) -> None:
        self.finish(f"got {self.request.query}")

    def post(self) -> None:
        self.finish(b"posted " + self.request.body)


class Patient(RequestHandler):
    """Answers when a test says so, or never."""

    async def get(self) -> None:
        self.application.settings["asked"].set()
        await self.application.settings["go"].wait()
        self.finish("at last")

    def on_connection_close(self) -> None:
        self.application.settings["go"].set()


def make(runtime: Runtime, options: EngineOptions) -> Application:
    app = make_app(runtime, options)
    app.settings.update(asked=asyncio.Event(), go=asyncio.Event())
    app.add_handlers(".*", [("/other", Other), ("/patient", Patient)])
    return app


async def start(mode: str) -> ProtocolServer:
    return ProtocolServer(make, polling_front=mode == "front")


@pytest.fixture(params=["front", "handler"])
def server(io_loop: IOLoop, request: pytest.FixtureRequest) -> Iterator[ProtocolServer]:
    started = io_loop.run_sync(lambda: start(request.param))
    yield started
    io_loop.run_sync(started.stop)


def post(target: str, body: bytes, headers: str = "") -> bytes:
    """Return a POST's bytes."""
    return f"POST {target} HTTP/1.1\r\n{HOST}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(target: str, headers: str = "") -> bytes:
    """Return a GET's bytes."""
    return f"GET {target} HTTP/1.1\r\n{HOST}{headers}\r\n".encode()


# One connection, many paths.


@pytest.mark.gen_test
async def test_paths_are_mixed_on_one_connection_until_it_is_upgraded(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    async with await WebSocketWire.open(server.port) as wire:
        for number in range(3):
            wire.send(post(client.target, b"4%d" % number))
            assert (await wire.answer()).body == b"ok"
            wire.send(get(f"/other?{number}"))
            assert (await wire.answer()).body == b"got %d" % number
            wire.send(get(client.target))
            assert (await wire.answer()).body == b"4%d" % number
            wire.send(post("/other", b"x" * number))
            assert (await wire.answer()).body == b"posted " + b"x" * number
            wire.send(get("/nowhere"))
            assert (await wire.answer()).status == 404
        wire.send_request("GET", client.websocket_target, upgrade_headers())
        assert (await wire.answer()).status == 101
        wire.send_text("2probe")
        assert await wire.text() == "3probe"
        wire.send_text("5", "4over the WebSocket")
        assert await wire.text() == "4over the WebSocket"


def mixture(client: Polling) -> tuple[bytes, list[bytes]]:
    """Return requests of both kinds, one behind the other, and the bodies of their answers."""
    requests = [
        post(client.target, b"4a"),
        get("/other?1"),
        get(client.target, "Accept: */*\r\n"),
        post("/other", b"b"),
        post(client.target, b"4c"),
        post(client.target, b"4d", "Content-Type: text/plain;charset=UTF-8\r\nOrigin: http://o\r\n"),
        get(client.target + "&t=1"),
        get("/other?2"),
        get("/other?3"),
        post(client.target, b"4e"),
        get(client.target),
    ]
    bodies = [b"ok", b"got 1", b"4a", b"posted b", b"ok", b"ok", b"4c\x1e4d", b"got 2", b"got 3", b"ok", b"4e"]
    return b"".join(requests), bodies


@pytest.mark.gen_test
async def test_pipelined_requests_are_answered_in_order(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    data, bodies = mixture(client)
    async with await Wire.open(server.port) as wire:
        wire.send(data)
        assert [(await wire.answer()).body for _ in bodies] == bodies


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.gen_test
async def test_requests_in_pieces(server: ProtocolServer, size: int) -> None:
    client = await Polling.open(server)
    data, bodies = mixture(client)
    async with await Wire.open(server.port) as wire:
        for start in range(0, len(data), size):
            wire.send(data[start : start + size])
            await asyncio.sleep(0)
        assert [(await wire.answer()).body for _ in bodies] == bodies


@pytest.mark.gen_test
async def test_a_request_is_cut_at_any_byte(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    data = post(client.target, b"4" + "ä€😀".encode())
    async with await Wire.open(server.port) as wire:
        for end in range(1, len(data)):
            wire.send(data[:end])
            for _ in range(3):
                await asyncio.sleep(0)
            wire.send(data[end:])
            assert (await wire.answer()).body == b"ok"
            wire.send(get(client.target))
            assert (await wire.answer()).body.decode() == "4ä€😀"


@pytest.mark.gen_test
async def test_a_large_body_is_trickled(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    body = b"4" + b"x" * 999_999
    data = post(client.target, body) + get(client.target) + get("/other?end")
    async with await Wire.open(server.port) as wire:
        for start in range(0, len(data), 9973):
            wire.send(data[start : start + 9973])
            await asyncio.sleep(0)
        assert [(await wire.answer()).body for _ in range(3)] == [b"ok", body, b"got end"]


@pytest.mark.gen_test
async def test_a_poll_waits_while_the_next_requests_are_there_already(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(get(client.target) + get("/other?behind") + get(client.target))
        await until(lambda: only_client(server.echo).has_poll)
        await client.post("4first")
        assert (await wire.answer()).body == b"4first"
        assert (await wire.answer()).body == b"got behind"
        await client.post("4second")
        assert (await wire.answer()).body == b"4second"


@pytest.mark.gen_test
async def test_a_websocket_and_its_first_frames_come_right_behind_a_poll(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    async with await WebSocketWire.open(server.port) as wire:
        upgrade = f"{HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        handshake = f"GET {client.websocket_target} HTTP/1.1\r\n{upgrade}Sec-WebSocket-Key: {WEBSOCKET_KEY}\r\n\r\n"
        wire.send(post(client.target, b"4x") + get(client.target) + handshake.encode())
        wire.send_text("2probe", "5", "4y")
        assert [(await wire.answer()).body for _ in range(2)] == [b"ok", b"4x"]
        assert parse_head(await wire.reader.readuntil(b"\r\n\r\n"))[0] == 101
        assert [await wire.text(), await wire.text()] == ["3probe", "4y"]


@pytest.mark.gen_test
async def test_the_connection_is_closed_where_the_client_says_so(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    close = "Connection: close\r\n"
    for data, body in ((post(client.target, b"4x", close), b"ok"), (get(client.target, close), b"4x")):
        async with await Wire.open(server.port) as wire:
            wire.send(data)
            answer = await wire.answer()
            assert (answer.body, answer.headers["connection"]) == (body, "close")
            assert await wire.ended() == b""


# Answers, header by header.


def comparable(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """Leave out what the time of day decides."""
    date = answer.headers["date"]
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)
    return answer.status, {**answer.headers, "date": ""}, answer.body


@pytest.mark.parametrize("allowed", [["*"], ["http://listed"], []])
@pytest.mark.parametrize(
    "origin", [None, "http://listed", "HTTP://Listed:80", "http://127.0.0.1", "null", "", "http://foreign"]
)
@pytest.mark.gen_test
async def test_front_and_handler_answer_alike(io_loop: IOLoop, origin: str | None, allowed: list[str]) -> None:
    answers: list[list[tuple[int, dict[str, str], bytes]]] = []
    for mode in ("front", "handler"):
        server = await start(mode)
        client = await Polling.open(server)
        server.echo.origins = type(server.echo.origins)(allowed)
        given = {} if origin is None else {"Origin": origin}
        got = [
            await request(server.port, "POST", client.target, given, "4ä".encode()),
            await request(server.port, "POST", client.target, {**given, "Connection": "close"}, b"4b"),
            await request(server.port, "GET", client.target, given),
            await request(server.port, "OPTIONS", client.target, given),
        ]
        answers.append([comparable(answer) for answer in got])
        await server.stop()
    assert answers[0] == answers[1]
