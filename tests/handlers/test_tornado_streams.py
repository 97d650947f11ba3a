"""Streams of notifications where the sockets stay Tornado's: TLS in the process, and a system without epoll."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from server.services.notification_writer import MAX_BATCH
from server.services.notifications import Notice, Words
from server.storage.documents import Database
from server.transport.stream_connection import StreamConnection
from tests.support.clock import FakeClock
from tests.support.notified import EventReader, Reader, SocketReader
from tests.support.product_server import ProductServer
from tests.support.tls import server_context
from tests.support.wire import until


@pytest.fixture(params=["tls", "iostream"])
def server(request: pytest.FixtureRequest, io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        if request.param == "tls":
            return ProductServer(database, FakeClock(), tls=server_context())
        return ProductServer(database, FakeClock(), reader="iostream")

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


async def notify(server: ProductServer, sign_in: Any, title: str, count: int = 1) -> None:
    words = Words(title, "x" * 5000)
    notices = [Notice(sign_in["user"]["id"], lambda _: words, "system", "/", "tests")] * count
    await server.community.notifications.announce(notices)


@pytest.mark.gen_test
async def test_an_event_stream_lives_and_is_gone_on_with(server: ProductServer) -> None:
    alice = await server.register("alice")
    reader = await EventReader.open(server, alice)
    assert reader.status == 200
    assert (await reader.next()).type == "connected"
    [client] = server.runtime.streams.values()
    assert isinstance(client._connection, StreamConnection)  # type: ignore[attr-defined]
    server.advance(15.2)
    await notify(server, alice, "first")
    first = await reader.next_notification()
    assert (first["title"], reader.comments) == ("first", 1)
    reader.wire.reset()
    await until(lambda: not server.services.notification_streams.by_username())
    await notify(server, alice, "missed")
    again = await EventReader.open(server, alice, first["id"])
    await notify(server, alice, "last")
    assert [(await again.next_notification())["title"] for _ in range(2)] == ["missed", "last"]


@pytest.mark.gen_test
async def test_one_too_many_ends_the_oldest(server: ProductServer) -> None:
    alice = await server.register("alice")
    oldest = await EventReader.open(server, alice)
    assert (await oldest.next()).type == "connected"
    others: list[Reader] = [await SocketReader.open(server, alice), await EventReader.open(server, alice)]
    others.append(await EventReader.open(server, alice))
    assert (await oldest.next_of("closed"))["code"] == 4008
    assert await oldest.wire.ended() == b""
    server.advance(1)  # the WebSocket's time to say where it goes on
    await notify(server, alice, "Hello")
    assert {(await reader.next_notification())["title"] for reader in others} == {"Hello"}


@pytest.mark.gen_test
async def test_who_does_not_read_is_closed(server: ProductServer) -> None:
    alice = await server.register("alice")
    slow = await EventReader.open(server, alice)
    await slow.next()
    slow.wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
    written = 0
    while server.services.notification_streams.by_username():
        await notify(server, alice, "Hello", MAX_BATCH)
        written += MAX_BATCH
        assert written < 20_000
    assert server.runtime.metrics.slow_consumer_closes == 1
