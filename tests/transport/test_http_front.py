"""Connections before Tornado's parser: their time, what they may hold in memory, and whose turn it is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from handlers.streams.front import FrontServer
from server.protocol.engineio_session import EngineOptions
from server.protocol.http_head import Head
from server.realtime.engineio_client import EngineIOClient
from server.realtime.runtime import Runtime
from server.transport.http_front import BYTES_PER_READ, MAX_AHEAD_BYTES, Exchange, HttpConnection
from tests.support.engineio import Polling, ProtocolServer, only_client
from tests.support.other_paths import make_app_with_other_paths
from tests.support.wire import Wire, until

OPTIONS = EngineOptions(ping_interval=10_000, ping_timeout=10_000, max_payload_bytes=1_000_000)
LARGE = b"4" + b"x" * 999_999


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(make_app_with_other_paths, OPTIONS)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


def fronts(server: ProtocolServer) -> list[HttpConnection]:
    assert server.runtime.connections.epoll is not None
    return [one for one in server.runtime.connections.epoll.connections.values() if isinstance(one, HttpConnection)]


async def only_front(server: ProtocolServer) -> HttpConnection:
    """Return the one connection there is, once the others are gone."""
    await until(lambda: len(fronts(server)) == 1)
    return fronts(server)[0]


def buffered(connection: HttpConnection) -> int:
    return len(connection._buffer)


async def begin_post(server: ProtocolServer, client: Polling, first: bytes = b"") -> tuple[Wire, EngineIOClient]:
    """Send a POST that is not whole, and wait until the server has its head."""
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {"Content-Length": "100"})
    wire.send(first)
    engine = only_client(server.echo)
    await until(lambda: engine.has_post)
    return wire, engine


# Time.


@pytest.mark.gen_test
async def test_a_body_that_never_comes_ends_the_session_after_30_s(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    await until(lambda: not fronts(server))
    wire, _ = await begin_post(server, client, b"4half")
    for _ in range(2):
        server.advance(14.9)
        wire.send(b"x")  # a little more does not help
        await until(lambda: buffered(fronts(server)[0]) > 100)
    assert server.echo.clients
    server.advance(0.3)
    assert await wire.ended() == b""
    assert not server.echo.clients


@pytest.mark.parametrize("path", ["", "/other", "engine"])
@pytest.mark.gen_test
async def test_an_idle_connection_is_cut_after_75_s(server: ProtocolServer, path: str) -> None:
    """Fresh, or after an answer of Tornado's or of our own."""
    client = await Polling.open(server)
    await until(lambda: not fronts(server))
    wire = await Wire.open(server.port)
    if path == "engine":
        wire.send_request("POST", client.target, body=b"4x")
        assert (await wire.answer()).body == b"ok"
    elif path:
        wire.send_request("GET", path)
        assert (await wire.answer()).body == b"got "
    await only_front(server)
    server.advance(74.9)
    assert len(fronts(server)) == 1
    server.advance(0.2)
    assert await wire.ended() == b""
    assert server.echo.clients


@pytest.mark.parametrize("waited", [0, 31, 50])
@pytest.mark.gen_test
async def test_half_a_head_is_cut_after_30_s(server: ProtocolServer, waited: float) -> None:
    client = await Polling.open(server)
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, body=b"4x")
    await wire.answer()
    server.advance(waited)
    for part in (b"GET /", b"engine.io/ HTTP/1.1\r\n"):
        before = server.runtime.metrics.bytes_in
        wire.send(part)
        front = await only_front(server)
        await until(lambda: buffered(front) and front._buffer.endswith(part))  # noqa: B023
        assert server.runtime.metrics.bytes_in == before
        server.advance(14.9)
    assert fronts(server)
    server.advance(0.3)
    assert await wire.ended() == b""
    assert server.echo.clients


@pytest.mark.gen_test
async def test_a_poll_may_wait_as_long_as_its_session_lives(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    await until(lambda: only_client(server.echo).has_poll)
    server.advance(1000)
    await client.post("4late")
    assert (await poll.answer()).body == b"4late"


@pytest.mark.gen_test
async def test_what_vanishes_while_its_poll_waits_is_forgotten(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    await until(lambda: only_client(server.echo).has_poll)
    poll.reset()
    await until(lambda: not server.echo.clients)
    assert not fronts(server)


# Clients that do not read.


async def deaf_poll(server: ProtocolServer, behind: bytes = b"") -> Wire:
    """Poll for 4 MB, read nothing, and wait until no more of the answer can leave."""
    client = await Polling.open(server)
    for _ in range(4):
        await client.post_bytes(LARGE)
    await until(lambda: not fronts(server))
    wire = await Wire.open(server.port)
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
    wire.send_request("GET", client.target)
    wire.send(behind)
    await until(lambda: fronts(server) and fronts(server)[0]._remainder)
    return wire


@pytest.mark.gen_test
async def test_a_slow_reader_gets_its_answer_whole_and_the_next_behind_it(server: ProtocolServer) -> None:
    other = b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n"
    wire = await deaf_poll(server, other)
    server.advance(29)
    wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
    assert (await wire.answer()).body == b"\x1e".join([LARGE] * 4)
    assert (await wire.answer()).body == b"got "


@pytest.mark.gen_test
async def test_who_reads_nothing_of_an_answer_is_cut_after_30_s(server: ProtocolServer) -> None:
    await deaf_poll(server)
    server.advance(29.9)
    assert fronts(server)
    server.advance(0.2)
    assert not fronts(server)


@pytest.mark.gen_test
async def test_requests_without_end_are_not_read_behind_an_answer_that_is_not(server: ProtocolServer) -> None:
    wire = await deaf_poll(server, b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n" * 500_000)
    for _ in range(100):
        await asyncio.sleep(0)
    assert buffered(fronts(server)[0]) <= MAX_AHEAD_BYTES + BYTES_PER_READ
    wire.reset()
    await until(lambda: not fronts(server))


@pytest.mark.gen_test
async def test_what_is_read_ahead_of_waiting_polls_is_bounded(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = f"GET {client.target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    await until(lambda: not fronts(server))
    wire = await Wire.open(server.port)
    wire.send(poll * 20_000)
    front = await only_front(server)
    for number in range(30):
        await until(lambda: only_client(server.echo).has_poll)
        await until(lambda: front._events == 0)
        assert MAX_AHEAD_BYTES - len(poll) <= buffered(front) <= MAX_AHEAD_BYTES + BYTES_PER_READ
        only_client(server.echo).send_text(b"%d" % number)
        assert (await wire.answer()).body == b"4%d" % number


# One request at a time.


class AtOnce(Exchange):
    """Answers in the turn in which it is asked."""

    def __init__(self, connection: HttpConnection, heard: list[bytes], answer: bytes) -> None:
        self._connection = connection
        self._heard = heard
        self._answer = answer

    def take(self, body: bytes) -> None:
        self._heard.append(body)
        self._connection.answer(self._answer)

    def on_lost(self) -> None:
        raise AssertionError("it was answered")


class Ear:
    """One connection over a pair of sockets, whose every request is answered at once."""

    def __init__(self, runtime: Runtime) -> None:
        self.heard: list[bytes] = []
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.peer, ours = socket.socketpair()
        self.peer.setblocking(False)
        ours.setblocking(False)
        assert runtime.connections.epoll is not None
        self.connection = HttpConnection(
            runtime.context, runtime.connections.epoll, ours, None, self._door, self._hand_on
        )

    def _door(self, head: Head, connection: HttpConnection) -> Exchange:
        return AtOnce(connection, self.heard, self.answer)

    def _hand_on(self, sock: socket.socket, data: bytes, connection: HttpConnection) -> None:
        sock.close()
        self.heard.append(b"handed on: " + data)


@pytest.fixture
def ear(server: ProtocolServer) -> Iterator[Ear]:
    made = Ear(server.runtime)
    yield made
    made.connection.close()
    made.peer.close()


def post(body: bytes, headers: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s" % (headers, len(body), body)


@pytest.mark.gen_test
async def test_others_have_their_turn_between_two_requests(ear: Ear) -> None:
    ear.connection.start(b"".join(post(b"%d" % number) for number in range(10)))
    for number in range(10):
        assert len(ear.heard) <= number + 1
        await until(lambda: len(ear.heard) > number)  # noqa: B023
    assert ear.heard == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("behind", [b"", post(b"unheard"), b"PUT / HTTP/1.1\r\n\r\n"])
@pytest.mark.gen_test
async def test_nothing_is_heard_behind_a_close(ear: Ear, behind: bytes) -> None:
    ear.connection.start(post(b"heard", b"Connection: close\r\n") + behind)
    for _ in range(5):
        await asyncio.sleep(0)
    assert ear.heard == [b"heard"]
    assert ear.peer.recv(1000).startswith(b"HTTP/1.1 204 ")
    assert ear.peer.recv(1000) == b""


@pytest.mark.gen_test
async def test_nothing_is_heard_of_who_cannot_be_answered(ear: Ear) -> None:
    ear.peer.close()
    ear.connection.start(post(b"heard") + post(b"unheard") + b"PUT")
    for _ in range(5):
        await asyncio.sleep(0)
    assert ear.heard == [b"heard"]


@pytest.mark.gen_test
async def test_who_reads_now_and_then_is_not_cut(server: ProtocolServer, ear: Ear) -> None:
    ear.answer = bytes(4_000_000)
    ear.connection.start(post(b"heard"))
    waiting = len(ear.connection._remainder)
    server.advance(20)
    while len(ear.connection._remainder) == waiting:
        assert ear.peer.recv(10_000)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert ear.connection._remainder
    server.advance(20)
    assert ear.connection._is_open
    server.advance(10.2)
    assert not ear.connection._is_open


@pytest.mark.gen_test
async def test_an_unusual_request_is_handed_on_with_all_that_follows(ear: Ear) -> None:
    rest = b"PUT / HTTP/1.1\r\n" + post(b"x")
    ear.connection.start(post(b"heard") + rest)
    await until(lambda: len(ear.heard) == 2)
    assert ear.heard == [b"heard", b"handed on: " + rest]


# Between us and Tornado.


@pytest.mark.gen_test
async def test_answers_do_not_wait_for_the_one_before(server: ProtocolServer) -> None:
    wire = await Wire.open(server.port)
    for _ in range(2):
        front = await only_front(server)
        assert front._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        wire.send_request("GET", "/other")
        await wire.answer()


@pytest.mark.gen_test
async def test_closing_closes_the_connections_at_the_door_and_those_that_come_back(server: ProtocolServer) -> None:
    idle = await Wire.open(server.port)
    away = [await Wire.open(server.port) for _ in range(5)]
    for wire in away:
        wire.send_request("GET", "/patient")
    await until(lambda: len(server._http._connections) == 5 and len(fronts(server)) == 1)
    server.app.settings["go"].set()
    await server._http.close_all_connections()
    assert not fronts(server) and not server._http._connections
    assert await idle.ended() == b""
    for wire in away:
        wire.send_request("GET", "/other")
        assert b"got" not in await wire.ended()


@pytest.mark.gen_test
async def test_a_client_leaves_while_tornado_has_its_connection(server: ProtocolServer) -> None:
    wire = await Wire.open(server.port)
    wire.send_request("GET", "/patient")
    await server.app.settings["asked"].wait()
    wire.reset()
    server.app.settings["go"].set()
    await until(lambda: not server._http._connections)
    await until(lambda: not fronts(server))


class Told(RequestHandler):
    """Answers with what is known of the client."""

    def get(self) -> None:
        self.finish(f"{self.request.protocol} {self.request.remote_ip}")


@pytest.mark.parametrize("polls", [True, False])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, b"http 127.0.0.1"),
        ({"protocol": "https"}, b"https 127.0.0.1"),
        ({"xheaders": True, "trusted_downstream": ["10.0.0.1"]}, b"https 1.2.3.4"),
    ],
)
@pytest.mark.gen_test
async def test_what_a_proxy_tells_is_believed_where_tornado_believes_it(
    server: ProtocolServer, polls: bool, options: dict[str, Any], told: bytes
) -> None:
    front = FrontServer(Application([("/", Told)]), **options)
    if polls:
        front.serve_in_front(server.runtime, {})
    (sock,) = bind_sockets(0, "127.0.0.1")
    front.add_socket(sock)
    wire = await Wire.open(sock.getsockname()[1])
    for _ in range(2):
        wire.send_request("GET", "/", {"X-Forwarded-For": "1.2.3.4, 10.0.0.1", "X-Forwarded-Proto": "https"})
        assert (await wire.answer()).body == told
    front.stop()
    await front.close_all_connections()
