from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, websocket_connect

from handlers.streams.prices import MESSAGE_RATE, PriceStreamHandler
from server.domain.rooms import session_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.realtime.attendance import Attendance
from server.realtime.origins import OriginPolicy
from server.realtime.runtime import Runtime
from server.services.prices import MAX_SUBSCRIPTIONS
from tests.support.clock import FakeClock
from tests.support.contract import OF_STREAMS
from tests.support.prices import price_service

PATIENCE_SECONDS = 30.0
SHARES = 30


class Listener:
    """A client of the stream."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.is_at_end = False

    async def receive(self) -> Any:
        """Return the next message; None when the connection was closed."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.connection.read_message()
        self.is_at_end = message is None
        if message is None:
            return None
        received = json.loads(message)
        OF_STREAMS.check_stream("prices", received)
        return received

    async def ask(self, message: object) -> Any:
        """Send a message (text and bytes as they are) and return the next one."""
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.connection.write_message(raw, binary=isinstance(raw, bytes))
        return await self.receive()

    async def subscribe(self, subscription_type: str, target: str) -> Any:
        """Subscribe; return the first ``price_update``."""
        answer = await self.ask({"type": "subscribe", "subscription_type": subscription_type, "target": target})
        assert answer["type"] == "subscribed", answer
        return await self.receive()


class Feed:
    """A server of the price stream alone, with simulated prices that move when the test says so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.runtime = Runtime(clock=self.clock)
        self.prices = price_service(self.runtime.hub, self.clock, seed=3)
        self.listeners: list[Listener] = []
        given = {
            "runtime": self.runtime,
            "origins": OriginPolicy(),
            "prices": self.prices,
            "attendance": Attendance(self.clock),
        }
        self._server = HTTPServer(
            Application(
                [
                    (r"/open", PriceStreamHandler, {**given, "authenticate": None}),
                    (r"/guarded", PriceStreamHandler, {**given, "authenticate": self.authenticate}),
                ],
                log_function=lambda _: None,
            )
        )
        socket, self.port = bind_unused_port()
        self._server.add_sockets([socket])
        self.runtime.start()

    async def authenticate(self, token: str) -> Principal:
        if token != "alice's":
            raise RequestError(ErrorCode.UNAUTHORIZED, "no such token")
        return Principal("1", "alice", "s1", self.clock.now() + timedelta(minutes=30))

    async def connect(self, path: str = "/open", **headers: str) -> Listener:
        """Connect, without reading anything."""
        request = HTTPRequest(f"ws://127.0.0.1:{self.port}{path}", headers=headers)
        listener = Listener(await websocket_connect(request))
        self.listeners.append(listener)
        return listener

    async def listener(self) -> Listener:
        """Return a client that has been greeted."""
        listener = await self.connect()
        assert (await listener.receive())["type"] == "connected"
        return listener

    async def move(self) -> None:
        """Let three seconds pass and push."""
        self.clock.advance(3)
        await self.prices.push()

    async def stop(self) -> None:
        for listener in self.listeners:
            listener.connection.close()
            while not listener.is_at_end:
                await listener.receive()
        self._server.stop()
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
async def test_the_greeting_comes_first(feed: Feed) -> None:
    listener = await feed.connect()
    greeting = await listener.receive()
    assert greeting.pop("client_id").startswith("client_")
    assert greeting == {
        "type": "connected",
        "message": "WebSocket连接成功",
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }


@pytest.mark.gen_test
async def test_a_subscription_is_confirmed_and_followed_by_the_present_quotes(feed: Feed) -> None:
    listener = await feed.listener()
    request = {"type": "subscribe", "subscription_type": "stock", "target": "600519"}
    assert await listener.ask(request) == {
        "type": "subscribed",
        "subscription_type": "stock",
        "target": "600519",
        "message": "订阅成功",
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }
    update = await listener.receive()
    (row,) = update.pop("data")
    assert update == {
        "type": "price_update",
        "subscription_type": "stock",
        "target": "600519",
        "count": 1,
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }
    assert (row["code"], row["symbol"], row["name"]) == ("600519", "600519.SH", "贵州茅台")
    assert set(row) == {"code", "symbol", "name", "price", "change", "change_percent", "volume", "timestamp"}


@pytest.mark.gen_test
async def test_a_market_moves(feed: Feed) -> None:
    listener = await feed.listener()
    prices = {row["symbol"]: row for row in (await listener.subscribe("market", "ALL"))["data"]}
    assert len(prices) == SHARES
    await feed.move()
    update = await listener.receive()
    assert (update["type"], update["target"]) == ("price_update", "ALL")
    assert 0 < update["count"] == len(update["data"]) < SHARES
    assert all(row != prices[row["symbol"]] for row in update["data"])


@pytest.mark.gen_test
async def test_a_strategy_answers_with_its_signals(feed: Feed) -> None:
    await feed.prices.show_signals({"volume_wave": ["600519.SH", "000001.SZ"]})
    listener = await feed.listener()
    update = await listener.subscribe("strategy", "volume_wave")
    assert (update["subscription_type"], update["target"]) == ("strategy", "volume_wave")
    assert [row["symbol"] for row in update["data"]] == ["600519.SH", "000001.SZ"]
    await feed.prices.show_signals({"volume_wave": ["600519.SH", "300750.SZ"]})
    assert [row["code"] for row in (await listener.receive())["data"]] == ["300750"]


@pytest.mark.gen_test
async def test_nothing_comes_after_unsubscribed(feed: Feed) -> None:
    listener = await feed.listener()
    await listener.subscribe("market", "ALL")
    answer = await listener.ask({"type": "unsubscribe", "subscription_type": "market", "target": "ALL"})
    assert (answer["type"], answer["subscription_type"], answer["target"]) == ("unsubscribed", "market", "ALL")
    await feed.move()
    assert (await listener.ask({"type": "ping"}))["type"] == "pong"


@pytest.mark.gen_test
async def test_a_ping_is_answered(feed: Feed) -> None:
    listener = await feed.listener()
    assert await listener.ask({"type": "ping", "anything": 1}) == {
        "type": "pong",
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }


def subscription(**fields: object) -> dict[str, object]:
    return {"type": "subscribe", "subscription_type": "stock", "target": "600519", **fields}


@pytest.mark.parametrize(
    ("message", "details"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("ping", "'ping' is not JSON"),
        ("[" * 20_000, "got `array`"),
        ('{"type":"ping","x":' + "[" * 20_000, "is not JSON"),
        ("[]", "got `array`"),
        ("7", "got `int`"),
        ("{}", "missing required field `type`"),
        ({"type": "shout"}, "'shout'"),
        ({"type": 7}, "Expected `str` - at `$.type`"),
        ({"type": "subscribe"}, "missing required field `subscription_type`"),
        ({"type": "subscribe", "subscription_type": "stock"}, "missing required field `target`"),
        (subscription(target=600519), "got `int` - at `$.target`"),
        (subscription(target=None), "got `null`"),
        (subscription(target="999999"), "unknown stock '999999'"),
        (subscription(subscription_type="market"), "SH, SZ, BJ, ALL"),
        (subscription(subscription_type="strategy"), "allowed: volume_wave"),
        (subscription(subscription_type="fund"), "allowed: strategy, stock, market"),
        (subscription(type="unsubscribe", target="x"), "unknown stock 'x'"),
        (b"\x00\x01", "got a binary message of 2 bytes"),
        (b'{"type":"ping"}', "got a binary message"),
    ],
)
@pytest.mark.gen_test
async def test_a_bad_message_is_answered_and_the_connection_stays_open(
    feed: Feed, message: object, details: str
) -> None:
    listener = await feed.listener()
    answer = await listener.ask(message)
    assert set(answer) == {"type", "error", "details", "timestamp"}
    assert (answer["type"], answer["error"]) == ("error", "invalid_input")
    assert details in answer["details"]
    assert "allowed: " in answer["details"]
    assert (await listener.ask({"type": "ping"}))["type"] == "pong"


@pytest.mark.gen_test
async def test_a_connection_holds_at_most_so_many_subscriptions(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed.prices, "_max_subscriptions", 2)
    listener = await feed.listener()
    await listener.subscribe("market", "SH")
    await listener.subscribe("market", "SZ")
    await listener.subscribe("market", "SZ")
    answer = await listener.ask({"type": "subscribe", "subscription_type": "market", "target": "BJ"})
    assert (answer["type"], answer["error"]) == ("error", "rate_limited")
    assert "at most 2" in answer["details"]
    assert MAX_SUBSCRIPTIONS == 128


@pytest.mark.gen_test
async def test_a_flood_is_refused_and_then_ignored_until_it_ends(feed: Feed) -> None:
    listener = await feed.listener()
    for _ in range(int(MESSAGE_RATE.burst) + 500):
        await listener.connection.write_message('{"type":"ping"}')
    answers = [await listener.receive() for _ in range(int(MESSAGE_RATE.burst) + 3)]
    assert [answer["type"] for answer in answers] == ["pong"] * int(MESSAGE_RATE.burst) + ["error"] * 3
    assert answers[-1]["error"] == "rate_limited"
    # The rest of the flood is read before this, and gets no answer.
    other = await feed.listener()
    assert (await other.ask({"type": "ping"}))["type"] == "pong"
    assert feed.runtime.metrics.connections_closed == 0


@pytest.mark.gen_test
async def test_a_connection_that_is_gone_leaves_its_rooms(feed: Feed) -> None:
    listener = await feed.listener()
    await listener.subscribe("market", "ALL")
    listener.connection.close()
    assert await listener.receive() is None
    while feed.runtime.hub.has_members("prices:market:ALL"):
        await asyncio.sleep(0)
    assert len(feed.runtime.hub.rooms()) == 0


@pytest.mark.gen_test
async def test_a_foreign_origin_is_refused(feed: Feed) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        await feed.connect(Origin="http://evil.example")


@pytest.mark.parametrize("query", ["", "?token=", "?token=forged"])
@pytest.mark.gen_test
async def test_without_a_token_a_guarded_stream_says_nothing_and_closes(feed: Feed, query: str) -> None:
    listener = await feed.connect(f"/guarded{query}")
    assert await listener.receive() is None
    assert (listener.connection.close_code, listener.connection.close_reason) == (4401, "unauthorized")


@pytest.mark.gen_test
async def test_a_token_opens_a_guarded_stream_until_the_logout(feed: Feed) -> None:
    listener = await feed.connect("/guarded?token=alice's")
    assert (await listener.receive())["type"] == "connected"
    feed.runtime.hub.disconnect(session_room("s1"), "signed out")
    assert await listener.receive() is None
    assert listener.connection.close_code == 4401


@pytest.mark.gen_test
async def test_a_guarded_stream_ends_with_its_token(feed: Feed) -> None:
    listener = await feed.connect("/guarded?token=alice's")
    assert (await listener.receive())["type"] == "connected"
    feed.clock.advance(10)
    feed.runtime.deadlines.run_due()
    for _ in range(2):  # heard of now and then, it lives as long as its token
        assert (await listener.ask({"type": "ping"}))["type"] == "pong"
        feed.clock.advance(894)
        feed.runtime.deadlines.run_due()
    assert (await listener.ask({"type": "ping"}))["type"] == "pong"
    feed.clock.advance(2.2)
    feed.runtime.deadlines.run_due()
    assert await listener.receive() is None
    assert (listener.connection.close_code, listener.connection.close_reason) == (4401, "token expired")


@pytest.mark.gen_test
async def test_a_stream_for_everyone_never_expires(feed: Feed) -> None:
    listener = await feed.connect("/open?token=alice's")
    assert (await listener.receive())["type"] == "connected"
    for _ in range(4):
        feed.clock.advance(900)
        feed.runtime.deadlines.run_due()
        assert (await listener.ask({"type": "ping"}))["type"] == "pong"
