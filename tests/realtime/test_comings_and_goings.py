"""How many namespaces one connection may be in, and how much work its comings and goings may make."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from server.realtime.namespaces import DynamicNamespace
from server.realtime.socketio_server import SocketOptions
from server.realtime.sockets import Socket
from tests.support.engineio import SOCKET_PATH, ProtocolServer, only_client
from tests.support.engineio import Socket as Client
from tests.support.members import connect
from tests.support.wire import until


@pytest.fixture
def orders(server: ProtocolServer) -> DynamicNamespace:
    return server.sio.dynamic_namespace(re.compile(r"/orders-\d+"))


@pytest.mark.gen_test
async def test_a_connection_is_in_so_many_namespaces(server: ProtocolServer, orders: DynamicNamespace) -> None:
    limit = SocketOptions().max_namespaces
    client = await connect(server, *(f"/orders-{number}" for number in range(limit)))
    client.send_text("40")
    answer = await client.text()
    assert answer[:2] == "44"
    refusal = json.loads(answer[2:])
    assert refusal["data"] == {"code": "limit_reached"}
    assert str(limit) in refusal["message"]
    client.send_text("41/orders-3,", "40", "40/orders-3,")
    assert (await client.text()).startswith("40{")
    assert (await client.text()).startswith("44/orders-3,{")
    assert len(orders.children) == limit - 1


@pytest.mark.gen_test
async def test_those_that_wait_for_a_decision_count(server: ProtocolServer) -> None:
    decision: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    dynamic = server.sio.dynamic_namespace(lambda name, auth: True)

    @dynamic.use
    async def wait(socket: Socket) -> None:
        await asyncio.shield(decision)

    limit = SocketOptions().max_namespaces
    client = await Client.start(server, SOCKET_PATH)
    client.send_text(*(f"40/{number}," for number in range(limit + 3)))
    assert [(await client.text())[:6] for _ in range(3)] == ["44/64,", "44/65,", "44/66,"]
    decision.set_result(None)
    assert sorted([int((await client.text())[3:].split(",")[0]) for _ in range(limit)]) == list(range(limit))


@pytest.mark.gen_test
async def test_coming_and_going_piles_up_no_work(server: ProtocolServer) -> None:
    step: asyncio.Queue[None] = asyncio.Queue()
    farewells = 0

    @server.sio.on_disconnect
    async def store(socket: Socket, reason: str) -> None:
        nonlocal farewells
        await step.get()
        farewells += 1

    rounds, limit = 300, SocketOptions().max_namespaces
    client = await Client.start(server, SOCKET_PATH)
    client.send_text(*["40", "41"] * rounds)
    engine = only_client(server.sio.engine)
    await until(lambda: engine.paused)
    assert len(server.sio._tasks) == limit + 1
    for _ in range(rounds):
        step.put_nowait(None)
        assert len(server.sio._tasks) <= limit + 1
        await asyncio.sleep(0)
    await until(lambda: farewells == rounds)
    assert not engine.paused


@pytest.mark.gen_test
async def test_many_farewells_do_not_hold_up_the_end(server: ProtocolServer, orders: DynamicNamespace) -> None:
    step: asyncio.Queue[None] = asyncio.Queue()
    for _ in range(2):

        @orders.on_disconnect
        async def store(socket: Socket, reason: str) -> None:
            await step.get()

    limit = SocketOptions().max_namespaces
    client = await connect(server, *(f"/orders-{number}" for number in range(limit)))
    only_client(server.sio.engine).close()
    assert (await client.closed()).code == 1000
    await until(lambda: server.runtime.metrics.connections_closed == 1)
    assert len(server.sio._tasks) == 2 * limit
    for _ in range(2 * limit):
        step.put_nowait(None)
    await until(lambda: not server.sio._tasks)
    assert not orders.children


@pytest.mark.gen_test
async def test_middleware_that_does_not_end_when_it_should_piles_up_no_work(server: ProtocolServer) -> None:
    decision: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    began = 0

    @server.sio.use
    async def stubborn(socket: Socket) -> None:
        nonlocal began
        began += 1
        while not decision.done():
            try:
                await asyncio.shield(decision)
            except asyncio.CancelledError:
                continue

    client = await Client.start(server, SOCKET_PATH)
    engine, limit = only_client(server.sio.engine), SocketOptions().max_namespaces
    for number in range(limit):
        client.send_text("40")
        while began == number:
            await asyncio.sleep(0)
        client.send_text("41")
    client.send_text(*["40", "41"] * 100)
    await until(lambda: engine.paused)
    assert len(server.sio._tasks) == limit + 1
    client.reset()
    decision.set_result(None)
    await until(lambda: not server.sio._tasks)
    assert server.sio.root.sockets == {}
