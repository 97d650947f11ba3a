"""Connections that mix polls, other paths and oddities: the same whether the front or the handler answers polls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from tornado.ioloop import IOLoop

from handlers.streams.engine_front import _cors_lines
from server.realtime.engineio_client import PACKETS_PER_TURN
from tests.support.engineio import ENGINE_PATH, Polling, ProtocolServer, assert_fault, only_client
from tests.support.other_paths import HOST, get, make_app_with_other_paths, post
from tests.support.wire import WEBSOCKET_KEY, Answer, WebSocketWire, Wire, parse_head, request, until, upgrade_headers


async def start(mode: str) -> ProtocolServer:
    return ProtocolServer(make_app_with_other_paths, polling_front=mode == "front")


@pytest.fixture(params=["front", "handler"])
def server(io_loop: IOLoop, request: pytest.FixtureRequest) -> Iterator[ProtocolServer]:
    started = io_loop.run_sync(lambda: start(request.param))
    yield started
    io_loop.run_sync(started.stop)


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
async def test_others_have_their_turn_while_a_post_of_many_packets_is_handled(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    polling = only_client(server.echo).polling
    assert polling is not None
    posted = asyncio.ensure_future(client.post_bytes(b"\x1e".join([b"4x"] * 2000)))
    echoed = [0]
    while not posted.done():
        await asyncio.sleep(0)
        echoed.append(len(polling._outbox))
    assert echoed[-1] == 2000
    assert max(after - before for before, after in pairwise(echoed)) == PACKETS_PER_TURN


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


@pytest.mark.gen_test
async def test_a_long_origin_is_answered_and_not_kept(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    before = _cors_lines.cache_info().misses
    answer = await request(server.port, "POST", client.target, {"Origin": "http://" + "o" * 600}, b"4x")
    assert answer.body == b"ok"
    assert _cors_lines.cache_info().misses == before


@pytest.mark.gen_test
async def test_a_post_of_a_paused_client_waits_without_a_turn_of_its_own(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    engine = only_client(server.echo)
    engine.pause()
    posted = asyncio.ensure_future(client.post("4x"))
    await until(lambda: engine._resumed is not None)
    assert not posted.done()
    engine.resume()
    await posted
    assert await client.poll() == ["4x"]


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
    polling = only_client(server.echo).polling
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


@pytest.mark.parametrize("fields", range(45, 52))
@pytest.mark.gen_test
async def test_the_last_of_two_ids_counts_however_many_fields_stand_between(
    server: ProtocolServer, fields: int
) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send(get(f"{client.target}&{'x&' * fields}sid=x"))
        assert_fault(await wire.answer(), 1)


@pytest.mark.gen_test
async def test_an_absolute_target(server: ProtocolServer) -> None:
    """Tornado takes it for a path, which nothing is at."""
    client = await Polling.open(server)
    assert (await request(server.port, "GET", f"http://127.0.0.1{client.target}")).status == 404


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
