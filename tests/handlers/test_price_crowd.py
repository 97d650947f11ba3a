"""The numbers under load: a crowd of both protocols, with some that do not read, are cut, leave or come in a push."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from server.market.instruments import INSTRUMENTS, Kind
from server.market.sources.push import PushSource
from server.storage.documents import Database
from server.turns import Turn
from tests.support.clock import FakeClock
from tests.support.price_crowd import CountingClient, RawClient, SocketIOClient, pairs
from tests.support.product_server import ProductServer
from tests.support.wire import until

SHARES = [one.symbol for one in INSTRUMENTS if one.kind is Kind.SHARE]
KINDS = ("strategy", "stock", "market")
TARGETS = [
    ("market", "ALL"),
    ("market", "SH"),
    ("strategy", "volume_wave"),
    ("stock", "600519"),
    ("stock", "000001.SZ"),
]
SEND_BUFFER = 1 << 16
MOST_PUSHES = 100
"""After fewer than these, whoever does not read is behind."""


@pytest.fixture
def server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        clock = FakeClock()
        server = ProductServer(database, clock, prices_require_auth=False, source=PushSource(clock))
        server.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # of every connection to come
        return server

    server = io_loop.run_sync(start)
    assert server is not None
    yield server
    io_loop.run_sync(server.stop)


class Gate:
    """Stops a push at a pause when something holds; elsewhere every pause is one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stops_when: Callable[[], bool] = lambda: False
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

        async def pause(_: Turn) -> None:
            await asyncio.sleep(0)
            if self.stops_when():
                self.reached.set()
                await self.opened.wait()

        monkeypatch.setattr(Turn, "pause", pause)


class Crowd:
    """Everyone who is or was connected."""

    def __init__(self, server: ProductServer, chief: str, tokens: Sequence[str]) -> None:
        self._server = server
        self._chief = chief
        self._tokens = tokens
        self.pushes = 0
        self.all: list[CountingClient] = []
        self.here: list[CountingClient] = []
        self.readers: list[CountingClient] = []
        self.idle: list[CountingClient] = []
        self.late: list[CountingClient] = []
        self._subscribed = 0

    async def come(self, count: int, *, reads: bool = True) -> list[CountingClient]:
        """Let clients of both kinds connect, each with one to four targets."""
        come: list[CountingClient] = []
        for number in range(count):
            kind = RawClient if number % 2 else SocketIOClient
            client = await kind.connect(self._server.port, reads=reads, token=self._tokens[number % len(self._tokens)])
            for place in range(1 + number % 4 if reads else 2):
                await client.subscribe(*TARGETS[(number * reads + place) % len(TARGETS)])
            come.append(client)
        self.all += come
        self.here += come
        self._subscribed += len(pairs(come))
        return come

    def part_from(self, clients: Sequence[CountingClient]) -> None:
        """Note that these are gone."""
        self.here = [client for client in self.here if client not in clients]
        self.readers = [client for client in self.readers if client not in clients]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._server.call(method, f"/api/websocket/{path}", body, self._chief)
        assert answer.status == 200, answer.json
        return answer.data

    async def push(self) -> Any:
        """Change the price of every share."""
        self.pushes += 1
        price = 10 + self.pushes / 100
        body = [{"symbol": symbol, "price": price, "previous_close": 10.0} for symbol in SHARES]
        return await self.call("POST", "push/prices?strategy=volume_wave", body)

    async def check(self) -> None:
        """Hold the numbers of both endpoints against what all clients have seen, said and hold."""
        targets = pairs(self.here)
        kinds = {kind: len({name for what, name in targets if what == kind}) for kind in KINDS}
        assert await self.call("GET", "stats") == {
            "connections": {
                "total_connections": len(self.all),
                "active_connections": len(self.here),
                "total_subscriptions": self._subscribed,
                "messages_sent": sum(len(client.seen) for client in self.all),
                "messages_received": sum(client.said for client in self.all),
            },
            "subscriptions": {
                "total_subscriptions": len(targets),
                "total_clients": len(self.here),
                "total_targets": len(set(targets)),
                **{f"{kind}_targets": count for kind, count in kinds.items()},
            },
        }
        listed = (await self.call("GET", "clients?limit=1000"))["clients"]
        found = {
            one["client_id"]: (
                one["messages_sent"],
                one["messages_received"],
                {(target["subscription_type"], target["target"]) for target in one["subscriptions"]},
            )
            for one in listed
        }
        assert found == {client.id: (len(client.seen), client.said, client.targets) for client in self.here}


def prices_of(client: CountingClient, target: tuple[str, str]) -> list[float]:
    """Return the prices that a client saw of a target: one in each update, which is whole."""
    updates = [one for one in client.updates() if (one["subscription_type"], one["target"]) == target]
    assert all(len({row["price"] for row in one["data"]}) == 1 for one in updates)
    assert len({one["count"] for one in updates}) <= 1
    return [one["data"][0]["price"] for one in updates]


@pytest.fixture
def crowd(server: ProductServer, io_loop: IOLoop) -> Iterator[Crowd]:
    """Return a crowd of readers and of some who do not read, all of whom have seen the first prices."""

    async def gather() -> Crowd:
        chief = await server.operator()
        members = [(await server.register(f"member{n}"))["access_token"] for n in range(4)]
        crowd = Crowd(server, chief["access_token"], members)
        await server.market.prices.show_signals({"volume_wave": SHARES[5:15]})
        await crowd.push()
        crowd.readers, crowd.idle = await crowd.come(48), await crowd.come(6, reads=False)
        return crowd

    crowd = io_loop.run_sync(gather)
    assert crowd is not None
    yield crowd
    for client in crowd.all:
        client.close()


async def push_until_the_idle_are_behind(server: ProductServer, crowd: Crowd) -> None:
    """Push until nothing more is sent to those who do not read; everyone else reads."""
    ids = {client.id for client in crowd.idle}
    sent, before = 0, -1
    while before != sent:
        assert crowd.pushes < MOST_PUSHES
        before = sent
        pushed = await crowd.push()
        assert (pushed["stocks"], pushed["clients"], pushed["delivered"]) == (30, 54, len(pairs(crowd.here)))
        for client in crowd.readers:
            client.read_what_is_there()
        sent = sum(visit.client.sent for visit in server.services.attendance.visits(0, 100) if visit.client.id in ids)


async def change_in_the_middle_of_a_push(server: ProductServer, crowd: Crowd, gate: Gate) -> None:
    """Let some be cut, some leave, some change their mind, and some come, while a push waits half done."""
    prices = server.market.prices
    middle = prices.updates_published + len(TARGETS) // 2
    gate.stops_when = lambda: prices.updates_published == middle
    push = asyncio.ensure_future(crowd.push())
    await gate.reached.wait()
    for client in crowd.readers[:8]:
        client.cut()
    for client in crowd.readers[8:12]:
        await client.leave()
    crowd.part_from(crowd.readers[:12])
    await until(lambda: len(server.services.attendance) == len(crowd.here))
    for client in [client for client in crowd.readers if isinstance(client, RawClient)][:4]:
        await client.unsubscribe(*min(client.targets))
    crowd.late = await crowd.come(6)
    gate.opened.set()
    await push


@pytest.mark.gen_test(timeout=60)
async def test_the_numbers_are_what_a_crowd_saw(
    server: ProductServer, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd.check()
    await push_until_the_idle_are_behind(server, crowd)
    await change_in_the_middle_of_a_push(server, crowd, Gate(monkeypatch))
    for _ in range(2):
        await crowd.push()
    for client in crowd.here:
        await client.catch_up()
    await crowd.check()
    for client in crowd.readers:
        first = 1 if isinstance(client, RawClient) else 2  # the present quotes are an ack there
        for target in client.targets:
            assert prices_of(client, target) == [10 + n / 100 for n in range(first, crowd.pushes + 1)]
    for client in (*crowd.idle, *crowd.late):
        for target in client.targets:
            seen = prices_of(client, target)
            assert all(one <= other for one, other in pairwise(seen))
            assert seen[-1] == 10 + crowd.pushes / 100
    for client in crowd.idle:
        assert len(client.updates()) < len(client.targets) * crowd.pushes
