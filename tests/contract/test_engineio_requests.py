"""Engine.IO 4 over HTTP: requests that overlap, are cut, or are too large."""

from __future__ import annotations

import asyncio
import re

import pytest

from handlers.streams.socketio import EngineIOHandler
from tests.support.engineio import ENGINE_PATH, Polling, ProtocolServer, assert_fault, only_client
from tests.support.wire import Answer, Wire, until

HANDSHAKE = f"{ENGINE_PATH}?EIO=4&transport=polling"
MAX_PAYLOAD_BYTES = 1_000_000


def assert_empty(answer: Answer, status: int) -> None:
    assert (answer.status, answer.body) == (status, b"")


def assert_too_large(answer: Answer) -> None:
    assert answer.status == 413
    text = answer.body.decode()
    assert re.fullmatch(r"a POST of (\d+) bytes or more came; 1000000 are allowed \(max_http_buffer_size\)", text)


# Overlapping, cut and over-size requests.


@pytest.mark.gen_test
async def test_second_poll_kills_the_session(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    first = await client.begin_poll()
    await client.post("6")
    assert_fault(await client.get(), 3)
    answer = await first.answer()
    assert (answer.status, answer.body) == (200, b"1")
    assert await client.is_closed()


async def begin_post(client: Polling, announced: int, first: bytes) -> Wire:
    """Send the beginning of a POST and wait until the server has it."""
    wire = await Wire.open(client.port)
    wire.send_request("POST", client.target, {"Content-Type": "text/plain", "Content-Length": str(announced)})
    wire.send(first)
    return wire


@pytest.mark.gen_test
async def test_second_post_during_the_first(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    first = await begin_post(client, 100, b"4half")
    engine = only_client(server.echo)
    await until(lambda: engine.polling is not None and engine.polling.post_abort is not None)
    assert_empty(await client.post("4second"), 400)
    assert await first.ended() == b""
    assert await client.is_closed()


@pytest.mark.gen_test
async def test_client_cuts_its_poll(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    await client.post("6")
    poll.close()
    await until(lambda: not server.echo.clients)
    assert await client.is_closed()


@pytest.mark.parametrize("server", ["handler"], indirect=True)
@pytest.mark.gen_test
async def test_client_cuts_its_poll_before_it_is_begun(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a request and its handler is a turn of the loop, in which the connection may end."""
    client = await Polling.open(server)
    get, on_connection_close = EngineIOHandler.get, EngineIOHandler.on_connection_close
    cut = asyncio.Event()

    async def get_cut(handler: EngineIOHandler) -> None:
        handler.request.connection.stream.close()  # type: ignore[union-attr]
        await cut.wait()
        await get(handler)

    def note_cut(handler: EngineIOHandler) -> None:
        on_connection_close(handler)
        cut.set()

    monkeypatch.setattr(EngineIOHandler, "get", get_cut)
    monkeypatch.setattr(EngineIOHandler, "on_connection_close", note_cut)
    wire = await client.begin_poll()
    await wire.ended()
    await until(lambda: not server.echo.clients)


@pytest.mark.gen_test
async def test_client_cuts_its_post(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    post = await begin_post(client, 100, b"4half")
    engine = only_client(server.echo)
    await until(lambda: engine.polling is not None and engine.polling.post_abort is not None)
    post.reset()
    await until(lambda: not server.echo.clients)


@pytest.mark.gen_test
async def test_announced_50_mb_is_refused_before_it_arrives(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await begin_post(client, 50_000_000, b"4")
    assert_too_large(await wire.answer())
    await client.post("4still open")
    assert await client.poll() == ["4still open"]


@pytest.mark.gen_test
async def test_chunked_body_is_refused_while_it_arrives(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"})
    chunk = b"10000\r\n" + b"4" * 0x10000 + b"\r\n"
    for _ in range(MAX_PAYLOAD_BYTES // 0x10000 + 1):
        wire.send(chunk)
    assert_too_large(await wire.answer())  # the body has no end yet
    await client.post("4still open")
    assert await client.poll() == ["4still open"]


@pytest.mark.parametrize("extra", [1, 2, 70_000])
@pytest.mark.gen_test
async def test_whole_body_just_over_the_limit(server: ProtocolServer, extra: int) -> None:
    client = await Polling.open(server)
    assert_too_large(await client.post_bytes(b"4" * (MAX_PAYLOAD_BYTES + extra)))
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"})
    wire.send(b"%x\r\n" % (MAX_PAYLOAD_BYTES + extra) + b"4" * (MAX_PAYLOAD_BYTES + extra) + b"\r\n0\r\n\r\n")
    assert_too_large(await wire.answer())
    await client.post("4still open")
    assert await client.poll() == ["4still open"]


@pytest.mark.gen_test
async def test_body_of_exactly_the_limit(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    body = b"4" + b"x" * (MAX_PAYLOAD_BYTES - 1)
    assert (await client.post_bytes(body)).body == b"ok"
    assert (await client.get()).body == body


@pytest.mark.gen_test
async def test_endless_headers_are_cut(server: ProtocolServer) -> None:
    async with await Wire.open(server.port) as wire:
        wire.send(f"GET {HANDSHAKE} HTTP/1.1\r\nHost: x\r\n".encode() + b"X-Filler: " + b"x" * 100_000)
        assert b"200 OK" not in await wire.ended()
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_keep_alive_connection_serves_handshake_post_and_poll(server: ProtocolServer) -> None:
    async with await Wire.open(server.port) as wire:
        wire.send_request("GET", HANDSHAKE)
        sid = re.findall(rb'"sid":"([^"]+)"', (await wire.answer()).body)[0].decode()
        wire.send_request("POST", f"{HANDSHAKE}&sid={sid}", {"Content-Type": "text/plain"}, b"4a")
        assert (await wire.answer()).body == b"ok"
        wire.send_request("GET", f"{HANDSHAKE}&sid={sid}")
        assert (await wire.answer()).body == b"4a"
