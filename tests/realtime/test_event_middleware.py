"""What sees every event: middleware that may refuse it, and listeners that change nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from server.errors import ErrorCode, RequestError
from server.realtime.sockets import Socket
from tests.support.engineio import SOCKET_PATH, ProtocolServer
from tests.support.engineio import Socket as Client
from tests.support.leftovers import ErrorLog
from tests.support.members import connect, events, join, silent
from tests.support.wire import until


class Gate:
    """A middleware that lets the events named ``slow`` wait until the test opens it."""

    def __init__(self) -> None:
        self.waiting = 0
        self._steps: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def __call__(self, socket: Socket, event: str | float, args: list[Any]) -> None:
        if event == "slow":
            self.waiting += 1
            error = await self._steps.get()
            if error is not None:
                raise error

    def open(self, error: Exception | None = None) -> None:
        self._steps.put_nowait(error)


@pytest.fixture
def gate(server: ProtocolServer) -> Gate:
    made = Gate()
    server.sio.use_event(made)
    return made


# Middleware.


@pytest.mark.gen_test
async def test_middleware_runs_in_order_before_the_handler(server: ProtocolServer) -> None:
    ran: list[Any] = []

    @server.sio.use_event
    def first(socket: Socket, event: str | float, args: list[Any]) -> None:
        ran.append(("first", socket.namespace.name, event, list(args)))
        args.append("added")

    @server.sio.use_event
    async def second(socket: Socket, event: str | float, args: list[Any]) -> None:
        await asyncio.sleep(0)
        ran.append("second")

    server.sio.use_event(lambda socket, event, args: ran.append("third"))
    server.sio.on("plain")(lambda socket, *args: args)

    @server.sio.on("later")
    async def later(socket: Socket, *args: Any) -> Any:
        await asyncio.sleep(0)
        return args

    client = await connect(server)
    for name in ("plain", "later"):
        client.send_text(f'420["{name}",1]')
        assert await client.text() == '430[1,"added"]'
        assert ran == [("first", "/", name, [1]), "second", "third"]
        ran.clear()


@pytest.mark.gen_test
async def test_plain_middleware_starts_no_task(server: ProtocolServer) -> None:
    server.sio.use_event(lambda socket, event, args: None)
    server.sio.on("tasks")(lambda socket: len(server.sio._tasks))
    client = await connect(server)
    client.send_text('420["tasks"]')
    assert await client.text() == "430[0]"


@pytest.mark.gen_test
async def test_events_keep_their_order(server: ProtocolServer, gate: Gate) -> None:
    handled: list[Any] = []
    server.sio.on("slow")(lambda socket, number: handled.append(number))
    server.sio.on("quick")(lambda socket, number: handled.append(number))
    client = await connect(server)
    client.send_text(*(f'42["{"quick" if number % 3 else "slow"}",{number}]' for number in range(9)))
    await silent(client)
    assert (handled, gate.waiting) == ([], 1)
    gate.open()
    await until(lambda: gate.waiting == 2)
    assert handled == [0, 1, 2]
    gate.open()
    gate.open()
    await until(lambda: len(handled) == 9)
    assert handled == list(range(9))


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.gen_test
async def test_refusal_is_told_as_that_of_a_handler(server: ProtocolServer, gate: Gate, waits: bool) -> None:
    handled: list[str] = []

    @server.sio.use_event
    def refuse(socket: Socket, event: str | float, args: list[Any]) -> None:
        raise RequestError(ErrorCode.FORBIDDEN, "not you", hint=1)

    name = "slow" if waits else "quick"
    server.sio.on(name)(lambda socket: handled.append("handler"))
    server.sio.use_event(lambda socket, event, args: handled.append("next middleware"))
    client = await connect(server)
    client.send_text(f'420["{name}"]', f'42["{name}"]')
    gate.open()
    gate.open()
    expected = {"code": "forbidden", "message": "not you", "hint": 1}
    assert json.loads((await client.text())[3:]) == [{"ok": False, "error": expected}]
    assert json.loads((await client.text())[2:]) == ["error", {"event": name, **expected}]
    assert handled == []


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.gen_test
async def test_failure_is_hidden(server: ProtocolServer, gate: Gate, logged_errors: ErrorLog, waits: bool) -> None:
    @server.sio.use_event
    def fail(socket: Socket, event: str | float, args: list[Any]) -> None:
        raise ZeroDivisionError("secret")

    client = await connect(server)
    client.send_text('420["slow"]' if waits else '420["quick"]')
    gate.open()
    assert await client.text() == '430[{"ok":false,"error":{"code":"internal","message":"internal"}}]'
    assert len(logged_errors.pop_all()) == 1


@pytest.mark.gen_test
async def test_middleware_comes_before_shape_and_sees_unknown_events(server: ProtocolServer, gate: Gate) -> None:
    class Item(msgspec.Struct):
        name: str

    @server.sio.use_event
    def name_it(socket: Socket, event: str | float, args: list[Any]) -> None:
        args[:] = [{"name": event}]

    server.sio.on("slow", payload=Item)(lambda socket, item: item.name)
    server.sio.behaviour.on_unknown_event = lambda socket, event: socket.emit("unknown", event)
    client = await connect(server)
    client.send_text('420["slow"]', '421["nobody knows"]')
    gate.open()
    assert await client.text() == '430["slow"]'
    assert await client.text() == '42["unknown","nobody knows"]'
    await silent(client)


@pytest.mark.parametrize("end", ["41", "1", "socket"])
@pytest.mark.gen_test
async def test_client_that_leaves_during_the_middleware(server: ProtocolServer, gate: Gate, end: str) -> None:
    handled: list[str] = []
    server.sio.on("slow")(lambda socket: handled.append("slow"))
    client, socket = await join(server)
    client.send_text('420["slow"]', '421["slow"]')
    await until(lambda: gate.waiting)
    if end == "socket":
        client.reset()
    else:
        client.send_text(end)
    await until(lambda: socket not in server.sio.root.sockets.values())
    gate.open()
    await until(lambda: not server.sio._tasks)
    assert (handled, gate.waiting) == ([], 1)


@pytest.mark.gen_test
async def test_socket_that_is_expelled_by_the_middleware(server: ProtocolServer, gate: Gate) -> None:
    handled: list[str] = []
    server.sio.use_event(lambda socket, event, args: socket.disconnect())
    server.sio.on("slow")(lambda socket: handled.append("slow"))
    server.sio.on("quick")(lambda socket: handled.append("quick"))
    for name in ("slow", "quick"):
        client = await connect(server)
        client.send_text(f'420["{name}"]')
        gate.open()
        assert await client.text() == "41"
        await silent(client)
    assert handled == []


# Listeners.


@pytest.mark.gen_test
async def test_incoming_events_are_told_before_they_are_handled(server: ProtocolServer) -> None:
    told: list[Any] = []
    server.sio.on_any(lambda socket, event, *args: told.append((socket.namespace.name, event, *args)))
    server.sio.use_event(lambda socket, event, args: told.append("middleware"))
    server.sio.on("known")(lambda socket, *args: told.append("handler"))
    client = await connect(server)
    client.send_text('42["known",1,{"a":2}]', '420["unknown"]', "42[7]")
    await silent(client)
    assert told == [
        *[("/", "known", 1, {"a": 2}), "middleware", "handler"],
        *[("/", "unknown"), "middleware"],
        *[("/", 7), "middleware"],
    ]


@pytest.mark.gen_test
async def test_outgoing_events_are_told_for_each_receiver(server: ProtocolServer) -> None:
    told: list[Any] = []
    server.sio.on_any_outgoing(lambda socket, event, *args: told.append((socket.id, event, *args)))
    server.sio.on("acked")(lambda socket: "no event")

    @server.sio.on_connect
    def connected(socket: Socket) -> None:
        socket.emit("welcome")

    (one, first), (two, second) = await join(server), await join(server)
    first.emit("emit", 1, b"\x02")
    asked = asyncio.ensure_future(first.call("call"))
    await asyncio.sleep(0)
    server.sio.emit("all", 3)
    server.sio.to(second.id).volatile.emit("volatile")
    one.send_text('420["acked"]', '430["answer"]')
    await asked
    server.runtime.hub.publish(second.id, "nobody hears it", 1)
    with pytest.raises(TypeError):
        first.emit("cannot be written", object())
    first.disconnect()
    first.emit("too late")
    assert told == [
        (first.id, "welcome"),
        (second.id, "welcome"),
        (first.id, "emit", 1, b"\x02"),
        (first.id, "call"),
        (first.id, "all", 3),
        (second.id, "all", 3),
        (second.id, "volatile"),
    ]
    assert await events(two, 3) == [["welcome"], ["all", 3], ["volatile"]]


@pytest.mark.gen_test
async def test_what_is_never_sent_is_not_told(server: ProtocolServer) -> None:
    told: list[str] = []
    server.sio.on_any_outgoing(lambda socket, event, *args: told.append(event))

    @server.sio.use
    async def hesitate(socket: Socket) -> None:
        socket.emit("early", socket.handshake.auth)
        if socket.handshake.auth:
            raise RequestError(ErrorCode.FORBIDDEN)

    refused = await Client.start(server, SOCKET_PATH)
    refused.send_text('40{"be":"refused"}')
    assert (await refused.text()).startswith("44")
    assert told == []
    client = await connect(server)
    assert await events(client, 1) == [["early", {}]]
    assert told == ["early"]


@pytest.mark.gen_test
async def test_what_a_listener_raises_changes_nothing(server: ProtocolServer, logged_errors: ErrorLog) -> None:
    told: list[str] = []

    def fail(socket: Socket, event: str, *args: Any) -> None:
        raise RequestError(ErrorCode.FORBIDDEN)

    for register in (server.sio.on_any, server.sio.on_any_outgoing):
        register(fail)
        register(lambda socket, event, *args: told.append(event))
    server.sio.on("in")(lambda socket: socket.emit("out"))
    client = await connect(server)
    client.send_text('420["in"]')
    assert [await client.text(), await client.text()] == ['42["out"]', "430[]"]
    assert told == ["in", "out"]
    assert len(logged_errors.pop_all()) == 2


@pytest.mark.gen_test
async def test_what_a_listener_sends_is_not_told(server: ProtocolServer) -> None:
    told: list[str] = []

    @server.sio.on_any_outgoing
    def echo(socket: Socket, event: str, *args: Any) -> None:
        told.append(event)
        socket.emit("seen", event)

    client, socket = await join(server)
    socket.emit("one")
    server.sio.emit("two")
    assert await events(client, 4) == [["one"], ["seen", "one"], ["two"], ["seen", "two"]]
    assert told == ["one", "two"]


@pytest.mark.gen_test
async def test_a_listener_is_a_plain_function(server: ProtocolServer) -> None:
    async def listener(socket: Socket, event: str, *args: Any) -> None: ...

    for register in (server.sio.on_any, server.sio.on_any_outgoing):
        with pytest.raises(TypeError, match="plain function"):
            register(listener)


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error"])
@pytest.mark.gen_test
async def test_reserved_names_have_no_handler(server: ProtocolServer, event: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        server.sio.on(event)
