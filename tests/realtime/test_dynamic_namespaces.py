"""Namespaces made when a client first connects and forgotten when the last leaves."""

from __future__ import annotations

import asyncio
import gc
import re
from typing import Any

import pytest

from server.errors import ErrorCode, RequestError
from server.realtime.namespaces import DynamicNamespace, Namespace
from server.realtime.sockets import Socket
from tests.support.engineio import SOCKET_PATH, ProtocolServer
from tests.support.engineio import Socket as Client
from tests.support.leftovers import ErrorLog
from tests.support.members import connect, silent
from tests.support.wire import until

INVALID = '{"message":"Invalid namespace"}'


@pytest.fixture
def orders(server: ProtocolServer) -> DynamicNamespace:
    return server.sio.dynamic_namespace(re.compile(r"/orders-\d+"))


def assert_no_child_is_left(dynamic: DynamicNamespace) -> None:
    assert dynamic.children == {}
    gc.collect()
    kept = [thing for thing in gc.get_objects() if type(thing) is Namespace]
    assert [namespace.name for namespace in kept if namespace.behaviour is dynamic.behaviour] == []


# Which names there are.


@pytest.mark.gen_test
async def test_children_share_what_is_registered(server: ProtocolServer, orders: DynamicNamespace) -> None:
    reasons: list[tuple[str, str]] = []

    @orders.use
    async def number(socket: Socket) -> None:
        socket.data["number"] = socket.namespace.name.rpartition("-")[2]

    orders.on_connect(lambda socket: socket.emit("welcome", socket.data["number"]))
    orders.on("echo")(lambda socket, *args: args)
    orders.on_disconnect(lambda socket, reason: reasons.append((socket.namespace.name, reason)))
    client = await connect(server, "/orders-1")
    assert await client.text() == '42/orders-1,["welcome","1"]'
    client.send_text("40/orders-22,")
    assert (await client.text()).startswith("40/orders-22,{")
    assert await client.text() == '42/orders-22,["welcome","22"]'
    orders.behaviour.wrap_ack = lambda result: {"ok": result}
    client.send_text('42/orders-22,0["echo","é"]', "41/orders-1,")
    assert await client.text() == '43/orders-22,0[{"ok":["é"]}]'
    await until(lambda: reasons == [("/orders-1", "client namespace disconnect")])
    assert orders.children.keys() == {"/orders-22"}


@pytest.mark.parametrize("name", ["/orders-", "/orders-1x", "/x/orders-1", "/orders-1\n", "/other"])
@pytest.mark.gen_test
async def test_a_pattern_matches_whole_names(server: ProtocolServer, orders: DynamicNamespace, name: str) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text(f"40{name},")
    assert await client.text() == f"44{name},{INVALID}"
    assert_no_child_is_left(orders)


@pytest.mark.gen_test
async def test_a_function_is_asked_at_each_connect(server: ProtocolServer) -> None:
    asked: list[tuple[str, Any]] = []

    def knows(name: str, auth: Any) -> bool:
        asked.append((name, auth))
        return bool(auth.get("key") == name)

    server.sio.dynamic_namespace(knows)
    await connect(server, "/a", auth='{"key":"/a"}')
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/a,")
    assert await client.text() == f"44/a,{INVALID}"
    assert asked == [("/a", {"key": "/a"}), ("/a", {})]


@pytest.mark.gen_test
async def test_an_asynchronous_function_is_awaited(server: ProtocolServer) -> None:
    async def knows(name: str, auth: Any) -> bool:
        await asyncio.sleep(0)
        return name == "/a"

    dynamic = server.sio.dynamic_namespace(knows)
    dynamic.on("echo")(lambda socket, *args: args)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/b,", "40/a,", '42/a,0["echo",1]')  # the event waits for the decision
    assert await client.text() == f"44/b,{INVALID}"
    assert (await client.text()).startswith("40/a,{")
    assert await client.text() == "43/a,0[1]"


@pytest.mark.gen_test
async def test_static_names_and_earlier_matchers_win(server: ProtocolServer, orders: DynamicNamespace) -> None:
    static, later = server.sio.namespace("/orders-1"), server.sio.dynamic_namespace(lambda name, auth: True)
    await connect(server, "/orders-1", "/orders-2", "/other")
    assert len(static.sockets) == 1
    assert orders.children.keys() == {"/orders-2"}
    assert later.children.keys() == {"/other"}


@pytest.mark.gen_test
async def test_a_name_stands_for_one_namespace_at_a_time(server: ProtocolServer) -> None:
    decision: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    dynamic = server.sio.dynamic_namespace(lambda name, auth: decision if name == "/slow" else True)
    client = await connect(server, "/quick")
    with pytest.raises(ValueError, match="in use"):
        server.sio.namespace("/quick")
    client.send_text("40/slow,")
    await silent(client)
    static = server.sio.namespace("/slow")  # while the client waits
    decision.set_result(True)
    assert (await client.text()).startswith("40/slow,{")
    assert (len(static.sockets), list(dynamic.children)) == (1, ["/quick"])
    client.send_text("41/quick,")
    await silent(client)
    assert server.sio.namespace("/quick").behaviour is not dynamic.behaviour


async def fail_later(name: str, auth: Any) -> bool:
    await asyncio.sleep(0)
    raise ZeroDivisionError


def fail(name: str, auth: Any) -> bool:
    raise ZeroDivisionError


async def await_what_is_cancelled(name: str, auth: Any) -> bool:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    future.cancel()
    return await future


@pytest.mark.parametrize("matcher", [fail, fail_later, await_what_is_cancelled])
@pytest.mark.gen_test
async def test_a_matcher_that_fails_is_logged_and_refuses(
    server: ProtocolServer, logged_errors: ErrorLog, matcher: Any
) -> None:
    dynamic = server.sio.dynamic_namespace(matcher)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/a,")
    assert await client.text() == f"44/a,{INVALID}"
    assert len(logged_errors.pop_all()) == 1
    assert_no_child_is_left(dynamic)


# Reaching the children.


@pytest.mark.gen_test
async def test_reaching_all_children(server: ProtocolServer, orders: DynamicNamespace) -> None:
    client = await connect(server, "/orders-1", "/orders-2")
    sockets = await orders.fetch_sockets()
    assert [socket.namespace.name for socket in sockets] == ["/orders-1", "/orders-2"]
    for socket in sockets:
        socket.join("room")
    orders.emit("all", b"\x01")
    for name in ("/orders-1", "/orders-2"):
        assert await client.text() == f'451-{name},["all",{{"_placeholder":true,"num":0}}]'
        assert await client.binary() == b"\x01"
    orders.to("room").except_(sockets[0].id).emit("one")
    assert await client.text() == '42/orders-2,["one"]'
    orders.children["/orders-1"].emit("one child")
    assert await client.text() == '42/orders-1,["one child"]'
    asked = asyncio.ensure_future(orders.call("question"))
    assert [await client.text(), await client.text()] == ['42/orders-1,0["question"]', '42/orders-2,0["question"]']
    client.send_text("43/orders-2,0[2]", "43/orders-1,0[1]")
    assert (await asked).answers == {sockets[0].id: [1], sockets[1].id: [2]}
    orders.disconnect_sockets()
    assert [await client.text(), await client.text()] == ["41/orders-1,", "41/orders-2,"]
    orders.emit("nobody")
    await silent(client)
    del sockets, socket, asked
    assert_no_child_is_left(orders)


# Forgetting them.


@pytest.mark.gen_test
async def test_a_child_lives_while_it_has_sockets(server: ProtocolServer, orders: DynamicNamespace) -> None:
    one, two = await connect(server, "/orders-1"), await connect(server, "/orders-1")
    child = orders.children["/orders-1"]
    next(iter(child.sockets.values())).join("room")
    one.send_text("41/orders-1,")
    await silent(one)
    assert orders.children == {"/orders-1": child}
    two.reset()
    await until(lambda: not orders.children)
    assert len(child.rooms) == 0
    child.emit("nobody is there")
    one.send_text("40/orders-1,")
    assert (await one.text()).startswith("40/orders-1,{")
    assert orders.children["/orders-1"] is not child


@pytest.mark.gen_test
async def test_ten_thousand_names_leave_nothing(server: ProtocolServer, orders: DynamicNamespace) -> None:
    client = await connect(server)
    for start in range(0, 10_000, 50):
        names = [f"/orders-{start + number}" if number % 2 else f"/no-{start + number}" for number in range(50)]
        client.send_text(*(f"40{name}," for name in names))
        for name in names:
            answer = await client.text()
            assert answer.startswith(f"40{name},{{") if name.startswith("/orders") else answer == f"44{name},{INVALID}"
        client.send_text(*(f"41{name}," for name in names if name.startswith("/orders")))
    await silent(client)
    [engine] = server.sio.engine.clients.values()
    assert engine.handler.session._namespaces.keys() == {"/"}  # type: ignore[attr-defined]
    assert server.runtime.hub._rooms.keys() == {"/"}
    assert server.sio._namespaces.keys() == {"/"}
    assert not server.sio._tasks
    assert_no_child_is_left(orders)


@pytest.mark.gen_test
async def test_a_refused_connect_leaves_nothing(server: ProtocolServer, orders: DynamicNamespace) -> None:
    @orders.use
    async def refuse(socket: Socket) -> None:
        socket.join("room")
        raise RequestError(ErrorCode.FORBIDDEN)

    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/orders-1,")
    assert await client.text() == '44/orders-1,{"message":"forbidden","data":{"code":"forbidden"}}'
    assert_no_child_is_left(orders)
    server.advance(45)
    assert (await client.closed()).code == 1008  # it has the time limit of one that never connected


@pytest.mark.parametrize("end", ["41/a,", "1", "7", "socket"])
@pytest.mark.gen_test
async def test_client_that_leaves_while_the_matcher_waits(server: ProtocolServer, end: str) -> None:
    waiting: list[asyncio.Future[bool]] = []

    async def wait(name: str, auth: Any) -> bool:
        waiting.append(asyncio.get_running_loop().create_future())
        return await waiting[-1]

    dynamic = server.sio.dynamic_namespace(wait)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/a,", '42/a,["early"]')
    await until(lambda: waiting)
    if end == "socket":
        client.reset()
    else:
        client.send_text(end)
    await until(waiting[0].cancelled)
    await until(lambda: not server.sio._tasks)
    if end == "41/a,":  # it may come again
        client.send_text("40/a,")
        await until(lambda: len(waiting) == 2)
        waiting[1].set_result(True)
        assert (await client.text()).startswith("40/a,{")
    else:
        assert_no_child_is_left(dynamic)


@pytest.mark.gen_test
async def test_a_matcher_that_does_not_end_when_it_should(server: ProtocolServer) -> None:
    decision: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def stubborn(name: str, auth: Any) -> bool:
        while not decision.done():
            try:
                await asyncio.shield(decision)
            except asyncio.CancelledError:
                continue
        return True

    dynamic = server.sio.dynamic_namespace(stubborn)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/a,")
    await until(lambda: server.sio._tasks)
    client.send_text("41/a,")
    await silent(client)
    decision.set_result(True)
    await until(lambda: not server.sio._tasks)
    await silent(client)
    assert_no_child_is_left(dynamic)


@pytest.mark.gen_test
async def test_no_time_limit_while_the_matcher_waits(server: ProtocolServer) -> None:
    decision: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def wait(name: str, auth: Any) -> bool:
        return await decision

    server.sio.dynamic_namespace(wait)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40/a,", '451-/a,["early",{"_placeholder":true,"num":0}]')
    client.send_binary(b"\x01")
    await silent(client)
    server.advance(25)
    assert await client.text() == "2"
    client.send_text("3")
    await silent(client)
    server.advance(24)
    decision.set_result(True)
    assert (await client.text()).startswith("40/a,{")
