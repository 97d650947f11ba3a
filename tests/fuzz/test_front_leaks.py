"""A thousand connections that poll, post, mix paths, break off or vanish leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from tornado.ioloop import IOLoop

from tests.support.engineio import Polling, ProtocolServer
from tests.support.hammering import assert_healthy, assert_nothing_is_left
from tests.support.other_paths import get, post
from tests.support.wire import WebSocketWire, Wire, close_wires, upgrade_headers

ELSEWHERE = get("/nowhere")


@pytest.fixture(params=["front", "handler"])
def server(io_loop: IOLoop, request: pytest.FixtureRequest) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(polling_front=request.param == "front")

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


async def silent(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    await asyncio.sleep(0)


async def polls(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    for _ in range(3):
        wire.send(post(client.target, b'42["message",1]') + get(client.target))
        assert [(await wire.answer()).body for _ in range(2)] == [b"ok", b'42["message-back",1]']


async def mixes(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    for _ in range(3):
        wire.send(post(client.target, b'42["message",1]') + ELSEWHERE + get(client.target) + ELSEWHERE)
        assert [(await wire.answer()).status for _ in range(4)] == [200, 404, 200, 404]


async def leaves_a_poll(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(get(client.target))
    await asyncio.sleep(0)


async def vanishes_from_a_poll(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(get(client.target) + ELSEWHERE)
    await asyncio.sleep(0)
    wire.reset()


async def vanishes_from_a_post(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(post(client.target, b"4" * 100)[:-50])
    await asyncio.sleep(0)
    wire.reset()


async def vanishes_unanswered(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send((post(client.target, b'42["message",1]') + ELSEWHERE) * 20)
    await asyncio.sleep(0)
    wire.reset()


async def breaks_off_a_head(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(get(client.target)[:-3])
    await asyncio.sleep(0)


async def breaks_off_elsewhere(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(get(client.target)[:-3] + b"\nBroken")
    await asyncio.sleep(0)
    wire.close()


async def closes(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(post(client.target, b"1", "Connection: close\r\n") + ELSEWHERE)
    assert b"200 OK" in await wire.ended()


async def speaks_nonsense(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.send(b"\x16\x03\x01" * 100 + b"\r\n\r\n")
    await wire.ended()


async def upgrades(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    assert isinstance(wire, WebSocketWire)
    wire.send(ELSEWHERE + post(client.target, b'42["message",1]'))
    assert [(await wire.answer()).status for _ in range(2)] == [404, 200]
    wire.send_request("GET", client.websocket_target, upgrade_headers())
    assert (await wire.answer()).status == 101
    wire.send_text("2probe", "5")
    assert [await wire.text(), await wire.text()] == ["3probe", '42["message-back",1]']


async def polls_twice(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    other = await client.begin_poll()
    wire.send(get(client.target, "Content-Encoding: x\r\n"))
    assert {(await wire.answer()).status, (await other.answer()).status} == {200, 400}


async def posts_twice(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    other = await Wire.open(server.port)
    other.send(post(client.target, b"4" * 100)[:-50])
    wire.send(post(client.target, b"4" * 100, "Content-Encoding: x\r\n")[:-50])
    await asyncio.wait([asyncio.ensure_future(one.ended()) for one in (wire, other)], return_when="FIRST_COMPLETED")
    other.close()


async def deaf(server: ProtocolServer, client: Polling, wire: Wire) -> None:
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
    wire.send((post(client.target, b'42["message","%s"]' % (b"x" * 100_000)) + get(client.target)) * 20)
    await asyncio.sleep(0)


KINDS: list[Callable[[ProtocolServer, Polling, Wire], Awaitable[None]]] = [
    silent,
    polls,
    mixes,
    leaves_a_poll,
    vanishes_from_a_poll,
    vanishes_from_a_post,
    vanishes_unanswered,
    breaks_off_a_head,
    breaks_off_elsewhere,
    closes,
    speaks_nonsense,
    upgrades,
    polls_twice,
    posts_twice,
    deaf,
]


async def visit(server: ProtocolServer, number: int) -> None:
    """Join, and be one of the kinds on a connection that handed on the first request."""
    client = await Polling.join(server)
    wire = await WebSocketWire.open(server.port)
    wire.send(ELSEWHERE)
    await wire.answer()
    await KINDS[number % len(KINDS)](server, client, wire)


@pytest.mark.gen_test
async def test_1000_connections_of_every_kind_leave_nothing_behind(server: ProtocolServer) -> None:
    for start in range(0, 1000, 100):
        await asyncio.gather(*(visit(server, number) for number in range(start, start + 100)))
        await close_wires()
    await assert_healthy(server)
    await assert_nothing_is_left(server)
