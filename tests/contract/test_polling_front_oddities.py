"""What is odd, refused or overlapping: the same whether the front or the handler answers polls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from tests.apps.protocol import make_app
from tests.support.engineio import ENGINE_PATH, Polling, ProtocolServer, assert_fault, only_client
from tests.support.wire import WebSocketWire, Wire, parse_head, request, until

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


# What is odd.


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"])
@pytest.mark.gen_test
async def test_other_methods(server: ProtocolServer, method: str) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(post(client.target, b"4x"))
        await wire.answer()
        wire.send_request(method, client.target)
        status, _ = parse_head(await wire.reader.readuntil(b"\r\n\r\n"))
        assert status == (204 if method == "OPTIONS" else 500)
    assert await client.poll() == ["4x"]


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.gen_test
async def test_http_1_0(server: ProtocolServer, keeps: bool) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        headers = "Connection: keep-alive\r\n" if keeps else ""
        wire.send(post(client.target, b"4x", headers).replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = await wire.answer()
        assert (answer.body, answer.headers.get("connection")) == (b"ok", "Keep-Alive" if keeps else None)
        if keeps:
            wire.send(get(client.target))
            assert (await wire.answer()).body == b"4x"
        else:
            assert await wire.ended() == b""


@pytest.mark.gen_test
async def test_chunks(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(f"POST {client.target} HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n".encode())
        wire.send(b"2\r\n4c\r\n3\r\nhun\r\n1\r\nk\r\n0\r\n\r\n" + get(client.target))
        assert [(await wire.answer()).body for _ in range(2)] == [b"ok", b"4chunk"]


@pytest.mark.gen_test
async def test_a_body_that_waits_for_100(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(post(client.target, b"4xyz", "Expect: 100-continue\r\n")[:-4])
        assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        wire.send(b"4xyz")
        assert (await wire.answer()).body == b"ok"
        wire.send(get(client.target))
        assert (await wire.answer()).body == b"4xyz"


REFUSED = {
    "two lengths that differ": "Content-Length: 2\r\nContent-Length: 3\r\n",
    "a length and chunks": "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "chunks and chunks": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "another coding": "Transfer-Encoding: gzip\r\n",
    "a length that is none": "Content-Length: 2x\r\n",
    "a folded line": "Content-Length: 2\r\nX: a\r\n b\r\n",
    "NUL": "Content-Length: 2\r\nX: a\0\r\n",
    "a lone CR": "Content-Length: 2\r\nX: a\rb\r\n",
    "a space before the colon": "Content-Length : 2\r\n",
    "a second Host": "Content-Length: 2\r\nHost: other\r\n",
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.gen_test
async def test_what_could_be_read_in_two_ways_is_refused(server: ProtocolServer, headers: str) -> None:
    client = await Polling.open(server)
    polling = only_client(server.echo)._polling
    assert polling is not None
    async with await Wire.open(server.port) as wire:
        wire.send(
            f"POST {client.target} HTTP/1.1\r\n{HOST}{headers}\r\n4x".encode() + post(client.target, b"4smuggled")
        )
        assert (await wire.ended()).split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
    assert not polling.has_queued  # neither was echoed


@pytest.mark.parametrize("target", ["/other?x", "{}"])
@pytest.mark.gen_test
async def test_a_host_that_is_none_is_refused(server: ProtocolServer, target: str) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(get(target.format(client.target)).replace(b"127.0.0.1", b"a,b"))
        assert (await wire.ended()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: b"\r\n" + data,
        lambda data: data.replace(b"Host:", b"X: \xe4\xff\r\nHost:"),
        lambda data: data.replace(b"Host:", b"Content-Length: 2\r\nHost:"),  # twice the same
        lambda data: data.replace(b"sid=", b"si%64="),
        lambda data: data.replace(b"transport=polling", b"transport=%70olling"),
        lambda data: data.replace(b"EIO=4", b"EIO=3&EIO=4"),
        lambda data: data.replace(b"transport=", b"transport=websocket&transport="),
        lambda data: data.replace(b"?", b"?%6a+=1&&x&"),
        lambda data: data.replace(b"?", b"?" + b"&" * 60),
        lambda data: data.replace(b"Host:", b"Cookie: " + b"x" * 20_000 + b"\r\nHost:"),
        lambda data: data.replace(b"Host:", b"Connection: keep-alive, x\r\nHost:"),
    ],
)
@pytest.mark.gen_test
async def test_what_is_unusual_and_allowed(server: ProtocolServer, change: object) -> None:
    assert callable(change)
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        for number in range(2):
            wire.send(change(post(client.target, b"4%d" % number)))
            assert (await wire.answer()).body == b"ok"
        wire.send(get(client.target))
        assert (await wire.answer()).body == b"40\x1e41"


@pytest.mark.parametrize("query", ["j=0", "j", "%6A=1", "EIO=3", "transport=websocket", "transport=x", "EIO", "sid=x"])
@pytest.mark.gen_test
async def test_what_is_refused_in_a_query(server: ProtocolServer, query: str) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(get(f"{client.target}&{query}"))
        assert_fault(await wire.answer(), {"transport=x": 0, "sid=x": 1}.get(query, 3))
    assert not await client.is_closed()


@pytest.mark.gen_test
async def test_an_absolute_target(server: ProtocolServer) -> None:
    """Tornado takes it for a path, which nothing is at."""
    client = await Polling.open(server)
    assert (await request(server.port, "GET", f"http://127.0.0.1{client.target}")).status == 404


# Overlaps: one request at the front, one at the handler.

UNUSUAL = {"Content-Encoding": "identity"}
"""Nothing that changes a request, but the front leaves it to the handler."""


@pytest.mark.parametrize(("first", "second"), [({}, UNUSUAL), (UNUSUAL, {}), (UNUSUAL, UNUSUAL)])
@pytest.mark.gen_test
async def test_second_poll(server: ProtocolServer, first: dict[str, str], second: dict[str, str]) -> None:
    client = await Polling.open(server)
    wire = await Wire.open(server.port)
    wire.send_request("GET", client.target, first)
    await until(lambda: only_client(server.echo).has_poll)
    assert_fault(await request(server.port, "GET", client.target, second), 3)
    assert (await wire.answer()).body == b"1"
    assert await client.is_closed()


@pytest.mark.parametrize(("first", "second"), [({}, {}), ({}, UNUSUAL), (UNUSUAL, {}), (UNUSUAL, UNUSUAL)])
@pytest.mark.gen_test
async def test_second_post(
    server: ProtocolServer, first: dict[str, str], second: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    client = await Polling.open(server)
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {**first, "Content-Length": "100"})
    wire.send(b"4half")
    await until(lambda: only_client(server.echo).has_post)
    with caplog.at_level(logging.INFO, "server"):
        answer = await request(server.port, "POST", client.target, second, b"4second")
    assert (answer.status, answer.body) == (400, b"")
    assert await wire.ended() == b""
    assert await client.is_closed()
    closes = [line for line in caplog.messages if line.startswith("engine.io close")]
    assert len(closes) == 1 and "a second POST came during the first" in closes[0]


@pytest.mark.parametrize("headers", [{}, UNUSUAL])
@pytest.mark.gen_test
async def test_the_session_is_upgraded_while_a_poll_and_a_post_are_under_way(
    server: ProtocolServer, headers: dict[str, str]
) -> None:
    client = await Polling.open(server)
    polls, posts = await Wire.open(server.port), await Wire.open(server.port)
    posts.send_request("POST", client.target, {**headers, "Content-Length": "5"})
    posts.send(b"4lat")
    await until(lambda: only_client(server.echo).has_post)
    socket = await WebSocketWire.connect(server.port, client.websocket_target)
    socket.send_text("2probe")
    assert await socket.text() == "3probe"
    polls.send_request("GET", client.target, headers)
    await until(lambda: only_client(server.echo).has_poll)
    socket.send_text("5")
    assert (await polls.answer()).body == b"6"
    posts.send(b"e")
    assert (await posts.answer()).body == b"ok"
    assert await socket.text() == "4late"
    polls.send_request("GET", client.target, headers)
    assert_fault(await polls.answer(), 3)


@pytest.mark.parametrize("headers", [{}, UNUSUAL])
@pytest.mark.parametrize("vanishes", ["close", "reset"])
@pytest.mark.gen_test
async def test_the_client_vanishes_with_requests_under_way(
    server: ProtocolServer, headers: dict[str, str], vanishes: str
) -> None:
    polling, posting = await Polling.open(server), await Polling.open(server)
    polls, posts = await Wire.open(server.port), await Wire.open(server.port)
    polls.send_request("GET", polling.target, headers)
    posts.send_request("POST", posting.target, {**headers, "Content-Length": "5"})
    by_sid = server.echo.clients
    await until(lambda: by_sid[polling.sid].has_poll and by_sid[posting.sid].has_post)
    for wire in (polls, posts):
        getattr(wire, vanishes)()
    await until(lambda: not by_sid)


# The end of the server.


@pytest.mark.gen_test
async def test_the_server_stops_with_everything_under_way(server: ProtocolServer) -> None:
    polling = await Polling.open(server)
    polls, half, idle, busy = [await Wire.open(server.port) for _ in range(4)]
    polls.send(get(polling.target))
    half.send(post(ENGINE_PATH, b"")[:-10])
    idle.send(get("/other?"))
    await idle.answer()
    busy.send(get("/patient"))
    await server.app.settings["asked"].wait()
    await until(lambda: only_client(server.echo).has_poll)
    server.echo.close()
    assert (await polls.answer()).body == b"1"
    await server.kill()
    for wire in (polls, half, idle, busy):
        assert await wire.ended() == b""
