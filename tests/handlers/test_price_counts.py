"""One feed for raw and Socket.IO clients, and numbers held against what the clients saw."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.price_clients import RawPriceClient
from tests.support.product_server import ChatClient, ProductServer

ALL = {"subscription_type": "market", "target": "ALL"}


@pytest.fixture
def server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        return ProductServer(database, FakeClock(), prices_require_auth=False)

    server = io_loop.run_sync(start)
    assert server is not None
    yield server
    io_loop.run_sync(server.stop)


async def data(server: ProductServer, path: str, chief: Any, method: str = "GET", body: Any = None) -> Any:
    answer = await server.call(method, f"/api/websocket/{path}", body, chief["access_token"])
    assert answer.status == 200, answer.json
    return answer.data


async def seen_of(client: ChatClient) -> list[Any]:
    """Return the payloads of all price updates that came to a Socket.IO client so far."""
    await client.ask("ping")
    events = [client.events.get_nowait() for _ in range(client.events.qsize())]
    return [payload for name, payload in events if name == "price_update"]


@pytest.mark.gen_test
async def test_both_kinds_of_clients_get_the_same_numbers(server: ProductServer) -> None:
    alice = await server.register("alice")
    raw, chat = await RawPriceClient.connect(server.port), await server.chat(alice)
    await server.market.prices.push()
    first = await raw.subscribe("market", "ALL")
    ack = await chat.ask("subscribe_prices", ALL)
    assert ack["data"] == first["data"]
    for _ in range(3):
        server.advance(3)
        await server.market.prices.push()
    over_raw, over_chat = await raw.until_pong(), await seen_of(chat)
    assert len(over_raw) == len(over_chat) == 3
    assert [{"type": "price_update", **update} for update in over_chat] == over_raw
    await raw.close()


@pytest.mark.gen_test
async def test_a_manual_push_counts_what_clients_saw(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    await server.market.prices.push()
    await server.market.prices.show_signals({"volume_wave": ["600519.SH", "000001.SZ"]})
    raws = [await RawPriceClient.connect(server.port) for _ in range(3)]
    chats = [await server.chat(alice) for _ in range(2)]
    for raw in raws[:2]:
        await raw.subscribe("strategy", "volume_wave")
    await raws[0].subscribe("stock", "600519")
    await chats[0].ask("subscribe_prices", ALL)
    for body in (None, [{"code": "600519", "price": 1850.5, "volume": 7}], []):
        answer = await data(server, "push/prices?strategy=volume_wave", chief, "POST", body)
        seen = [await raw.until_pong() for raw in raws] + [await seen_of(chat) for chat in chats]
        assert answer["delivered"] == sum(map(len, seen)), body
        assert answer["clients"] == sum(map(bool, seen)), body
        symbols = {row["symbol"] for updates in seen for update in updates for row in update["data"]}
        assert answer["stocks"] == len(symbols), body
        assert answer["strategy"] == "volume_wave"
    for raw in raws:
        await raw.close()


@pytest.mark.gen_test
async def test_the_statistics_are_what_the_clients_counted(server: ProductServer) -> None:
    chief = await server.operator()
    members = [await server.register(f"member{n}") for n in range(3)]
    await server.market.prices.push()
    raws = [await RawPriceClient.connect(server.port) for _ in range(12)]
    chats = [await server.chat(member) for member in members]
    for number, raw in enumerate(raws):
        await raw.subscribe("market", "ALL")
        await raw.subscribe("stock", "600519" if number % 2 else "000001.SH")
    for chat in chats:
        await chat.ask("subscribe_prices", ALL)
        await chat.ask("subscribe_prices", ALL)  # once more is none
    for _ in range(5):
        server.advance(3)
        await server.market.prices.push()
    for raw in raws:
        await raw.until_pong()
    for chat in chats:
        await chat.ask("ping")
    stats = await data(server, "stats", chief)
    received_by_chats = sum(len(chat.order) for chat in chats)
    sent_by_chats = 3 * len(chats)
    assert stats == {
        "connections": {
            "total_connections": 15,
            "active_connections": 15,
            "total_subscriptions": 27,
            "messages_sent": sum(len(raw.got) for raw in raws) + received_by_chats,
            "messages_received": sum(raw.said for raw in raws) + sent_by_chats,
        },
        "subscriptions": {
            "total_subscriptions": 27,
            "total_clients": 15,
            "total_targets": 3,
            "strategy_targets": 0,
            "stock_targets": 2,
            "market_targets": 1,
        },
    }
    before = stats["connections"]
    for raw in raws[:4]:
        await raw.cut()
    for raw in raws[4:6]:
        await raw.close()
    await chats[0].close()
    while len(server.services.attendance) > 8:
        await asyncio.sleep(0)
    after = await data(server, "stats", chief)
    assert after["connections"] == before | {"active_connections": 8}
    assert (after["subscriptions"]["total_subscriptions"], after["subscriptions"]["total_clients"]) == (14, 8)
    for raw in raws[6:]:
        await raw.close()


@pytest.mark.gen_test
async def test_the_list_of_clients(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    raw, chat = await RawPriceClient.connect(server.port), await server.chat(alice)
    await raw.subscribe("stock", "600519")
    await chat.ask("subscribe_prices", ALL)
    listed = await data(server, "clients", chief)
    assert listed == {
        "total": 2,
        "clients": [
            {
                "client_id": raw.got[0]["client_id"],
                "transport": "raw",
                "address": "127.0.0.1",
                "connected_at": "2026-01-05T02:00:00.000+00:00",
                "subscriptions": [{"subscription_type": "stock", "target": "600519"}],
                "messages_sent": 3,
                "messages_received": 1,
            },
            {
                "client_id": chat.connected.result()["sid"],
                "transport": "socketio",
                "user": "alice",
                "address": "127.0.0.1",
                "connected_at": "2026-01-05T02:00:00.000+00:00",
                "subscriptions": [ALL],
                "messages_sent": 1,
                "messages_received": 1,
            },
        ],
    }
    [second] = (await data(server, "clients?offset=1&limit=5", chief))["clients"]
    assert second["user"] == "alice"
    assert (await data(server, "clients?limit=1", chief))["clients"] == listed["clients"][:1]
    await raw.close()
    await chat.close()
    while len(server.services.attendance):
        await asyncio.sleep(0)
    assert await data(server, "clients", chief) == {"total": 0, "clients": []}


@pytest.mark.gen_test
async def test_operators_alone_push_and_look(server: ProductServer) -> None:
    alice = await server.register("alice")
    for method, path in (("POST", "push/prices"), ("GET", "stats"), ("GET", "clients")):
        for token, status in ((None, 401), (alice["access_token"], 403)):
            assert (await server.call(method, f"/api/websocket/{path}", token=token)).status == status
    cookie = {"Cookie": f"stock_insight_session={(await server.operator())['refresh_token']}"}
    assert (await server.call("POST", "/api/websocket/push/prices", headers=cookie)).status == 401
