from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import websocket_connect

from handlers.events import prices, registration
from handlers.streams.socketio import EngineIOHandler
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from tests.support.clock import FakeClock
from tests.support.prices import price_service
from tests.support.product_server import ChatClient

ALL = {"subscription_type": "market", "target": "ALL"}
MOUTAI = {"subscription_type": "stock", "target": "600519"}


class Feed:
    """A Socket.IO server with the price events alone; everyone may connect."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.runtime = Runtime(clock=self.clock)
        hub = self.runtime.hub
        self.prices = price_service(hub, self.clock)
        self.sio = SocketIOServer(self.runtime)
        self.sio.behaviour.wrap_ack = registration._acknowledge
        prices.register(self.sio.root, self.prices)
        routes: list[Any] = [(r"/socket\.io/", EngineIOHandler, {"engine": self.sio.engine})]
        self._server = HTTPServer(Application(routes, log_function=lambda _: None))
        socket, self._port = bind_unused_port()
        self._server.add_sockets([socket])
        self._clients: list[ChatClient] = []
        self.runtime.start()

    async def connect(self) -> ChatClient:
        url = f"ws://127.0.0.1:{self._port}/socket.io/?EIO=4&transport=websocket"
        connection = await websocket_connect(url)
        client = ChatClient(connection)
        self._clients.append(client)
        await connection.write_message("40")
        await client.connected
        return client

    async def move(self) -> None:
        self.clock.advance(3)
        await self.prices.push()

    async def stop(self) -> None:
        for client in self._clients:
            await client.close()
        self._server.stop()
        await self.sio.close()
        await self._server.close_all_connections()
        await self.prices.stop()
        self.runtime.stop()


@pytest.fixture
def feed(io_loop: IOLoop) -> Iterator[Feed]:
    async def start() -> Feed:
        feed = Feed()
        await feed.prices.push()
        return feed

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


@pytest.mark.gen_test
async def test_the_ack_holds_the_present_quotes_and_changes_follow(feed: Feed) -> None:
    client = await feed.connect()
    ack = await client.ask("subscribe_prices", ALL)
    assert (ack["ok"], ack["subscription_type"], ack["target"], ack["count"]) == (True, "market", "ALL", 30)
    await feed.move()
    update = await client.next("price_update")
    assert set(update) == {"subscription_type", "target", "data", "count", "timestamp"}
    assert 0 < update["count"] == len(update["data"]) < 30


@pytest.mark.gen_test
async def test_nothing_follows_an_unsubscription(feed: Feed) -> None:
    client = await feed.connect()
    await client.ask("subscribe_prices", ALL)
    assert await client.ask("unsubscribe_prices", ALL) == {"ok": True, **ALL}
    await feed.move()
    await client.ask("unsubscribe_prices", MOUTAI)
    assert client.order == ["ack", "ack", "ack"]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        ({"subscription_type": "stock", "target": "999999"}, "unknown stock"),
        ({"subscription_type": "fund", "target": "1"}, "strategy, stock, market"),
        ({"subscription_type": "stock"}, "target"),
        ({"subscription_type": 1, "target": "600519"}, "subscription_type"),
        ([], "object"),
        (None, "object"),
    ],
)
@pytest.mark.gen_test
async def test_a_bad_subscription_is_refused_in_the_ack(feed: Feed, payload: object, detail: str) -> None:
    ack = await (await feed.connect()).ask("subscribe_prices", payload)
    assert (ack["ok"], ack["error"]["code"]) == (False, "invalid_input")
    assert detail in json.dumps(ack["error"])


@pytest.mark.gen_test
async def test_the_limit_is_the_stream_s(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed.prices, "_max_subscriptions", 1)
    client = await feed.connect()
    assert (await client.ask("subscribe_prices", ALL))["ok"]
    assert (await client.ask("subscribe_prices", ALL))["ok"]
    refused = await client.ask("subscribe_prices", MOUTAI)
    assert refused["error"]["code"] == "rate_limited"
