"""The server's API of one socket and of many: emit, call, rooms, broadcast, disconnect."""

from __future__ import annotations

import asyncio

import pytest

from server.realtime import hub as hub_module
from server.realtime.acks import SocketDisconnectedError
from server.realtime.sockets import Socket, SocketState
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer
from tests.support.engineio import Socket as Client
from tests.support.members import events, join, silent
from tests.support.wire import until

# While connecting.


@pytest.mark.gen_test
async def test_what_is_emitted_while_connecting_follows_connect(server: ProtocolServer) -> None:
    @server.sio.use
    async def greet(socket: Socket) -> None:
        socket.emit("early", 1)
        await asyncio.sleep(0)
        socket.emit("early", b"\x02")
        socket.join("room")
        server.sio.to("room").emit("to the room, too early")
        assert socket.state is SocketState.CONNECTING

    @server.sio.on_connect
    def connected(socket: Socket) -> None:
        socket.emit("connected")
        server.sio.to("room").emit("to the room")

    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    assert (await client.text()).startswith("40{")
    assert await client.text() == '42["early",1]'
    assert await client.text() == '451-["early",{"_placeholder":true,"num":0}]'
    assert await client.binary() == b"\x02"
    assert await events(client, 2) == [["connected"], ["to the room"]]


@pytest.mark.gen_test
async def test_rooms_left_while_connecting(server: ProtocolServer) -> None:
    @server.sio.use
    async def hesitate(socket: Socket) -> None:
        socket.join("a")
        socket.join("b")
        socket.leave("a")

    _, socket = await join(server)
    assert socket.rooms == {"b"}
    assert not server.runtime.hub.has_members("a")


@pytest.mark.gen_test
async def test_expelled_while_connecting(server: ProtocolServer) -> None:
    @server.sio.use
    async def expel(socket: Socket) -> None:
        socket.disconnect()

    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    assert await client.text() == "41"
    await silent(client)
    assert not server.sio.root.sockets


# Emitting.


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error", "newListener"])
@pytest.mark.gen_test
async def test_reserved_names_are_not_emitted(server: ProtocolServer, event: str) -> None:
    client, socket = await join(server)
    for emit in (socket.emit, server.sio.emit, socket.broadcast.emit):
        with pytest.raises(ValueError, match="reserved"):
            emit(event)
    await silent(client)


@pytest.mark.gen_test
async def test_what_cannot_be_written_raises_and_sends_nothing(server: ProtocolServer) -> None:
    client, socket = await join(server)
    for emit in (socket.emit, server.sio.emit):
        with pytest.raises(TypeError):
            emit("event", object())
    with pytest.raises(TypeError):
        await socket.call("event", object())
    assert server.runtime.deadlines._buckets.keys() == {server.sio.engine.find(client.opened["sid"]).wakes_at}  # type: ignore[union-attr]
    await silent(client)


@pytest.mark.gen_test
async def test_emit_after_the_end_is_dropped(server: ProtocolServer) -> None:
    client, socket = await join(server)
    client.send_text("41")
    await until(lambda: socket.state is SocketState.DISCONNECTED)
    socket.emit("too late")
    socket.join("room")
    socket.leave("room")
    server.sio.to("room").emit("nobody")
    assert socket.rooms == set()
    await silent(client)


# Asking.


@pytest.mark.gen_test
async def test_call(server: ProtocolServer) -> None:
    client, socket = await join(server)
    asked = asyncio.ensure_future(socket.call("question", 1))
    again = asyncio.ensure_future(socket.call("question", b"\x02"))
    assert await client.text() == '420["question",1]'
    assert await client.text() == '451-1["question",{"_placeholder":true,"num":0}]'
    await client.binary()
    client.send_text('431["second"]', '461-0[{"_placeholder":true,"num":0},"first"]')
    client.send_binary(b"\x09")
    assert await asked == [b"\x09", "first"]
    assert await again == ["second"]
    client.send_text('430["once more"]')  # ignored
    await silent(client)


@pytest.mark.gen_test
async def test_call_that_is_not_answered_in_time(server: ProtocolServer) -> None:
    client, socket = await join(server)
    asked = asyncio.ensure_future(socket.call("question", timeout=2.0))
    await client.text()
    server.advance(1.9)
    await asyncio.sleep(0)
    assert not asked.done()
    server.advance(0.1)
    with pytest.raises(TimeoutError):
        await asked
    client.send_text("430[]")  # late: ignored
    await silent(client)


@pytest.mark.parametrize("end", ["41", "1"])
@pytest.mark.gen_test
async def test_call_to_a_client_that_leaves(server: ProtocolServer, end: str) -> None:
    client, socket = await join(server)
    asked = asyncio.ensure_future(socket.call("question"))
    await client.text()
    client.send_text(end)
    with pytest.raises(SocketDisconnectedError):
        await asked
    with pytest.raises(SocketDisconnectedError):
        await socket.call("too late")


@pytest.mark.gen_test
async def test_call_that_nobody_waits_for_any_more(server: ProtocolServer) -> None:
    client, socket = await join(server)
    asked = asyncio.ensure_future(socket.call("question"))
    await client.text()
    asked.cancel()
    await asyncio.sleep(0)
    client.send_text("430[]")
    await silent(client)
    assert socket._acks is not None
    assert not socket._acks._pending


# Rooms and broadcasts.


@pytest.mark.gen_test
async def test_rooms(server: ProtocolServer) -> None:
    (one, first), (two, second), (three, third) = [await join(server) for _ in range(3)]
    for socket in (first, second):
        socket.join("a")
    third.join("b")
    server.sio.to("a").emit("a")
    server.sio.to("a", "b").emit("a and b")
    server.sio.to("a").to("b").emit("each once")
    first.to("a").emit("a but one")
    first.broadcast.emit("all but one")
    server.sio.to().except_("a").emit("not a")
    server.sio.to("a", "b").except_(second.id, "b").emit("one alone")
    server.sio.to(third.id).emit("by id")
    server.sio.to(third.id, "a").except_("b").emit("a again")
    server.sio.emit("all")
    second.leave("a")
    server.sio.to("a").emit("a once more")
    heard = {
        "one": [["a"], ["a and b"], ["each once"], ["one alone"], ["a again"], ["all"], ["a once more"]],
        "two": [["a"], ["a and b"], ["each once"], ["a but one"], ["all but one"], ["a again"], ["all"]],
        "three": [["a and b"], ["each once"], ["all but one"], ["not a"], ["by id"], ["all"]],
    }
    for name, client in {"one": one, "two": two, "three": three}.items():
        assert await events(client, len(heard[name])) == heard[name], name
        await silent(client)


@pytest.mark.gen_test
async def test_broadcast_steps_are_objects_of_their_own(server: ProtocolServer) -> None:
    client, socket = await join(server)
    socket.join("a")
    base = server.sio.to("b")
    base.to("a").emit("both")
    base.emit("b alone")
    assert await events(client, 1) == [["both"]]
    await silent(client)


@pytest.mark.gen_test
async def test_the_room_of_another_socket_is_private(server: ProtocolServer) -> None:
    (_, first), (two, second) = [await join(server) for _ in range(2)]
    with pytest.raises(ValueError, match="private"):
        first.join(second.id)
    first.join(first.id)
    server.sio.to(second.id).emit("for two")
    assert await events(two, 1) == [["for two"]]


@pytest.mark.gen_test
async def test_namespaces_do_not_hear_each_other(server: ProtocolServer) -> None:
    custom = server.sio.namespace("/custom")
    (one, first), (two, second) = await join(server), await join(server, "/custom")
    for socket in (first, second):
        socket.join("a")
    server.sio.to("a").emit("root")
    server.runtime.hub.publish("a", "published", {"x": 1})
    custom.to("a").emit("custom")
    assert await events(one, 2) == [["root"], ["published", {"x": 1}]]
    assert await two.text() == '42/custom,["custom"]'
    await silent(one)
    await silent(two)


@pytest.mark.gen_test
async def test_publish_with_bytes(server: ProtocolServer) -> None:
    client, socket = await join(server)
    socket.join("a")
    server.runtime.hub.publish("a", "event", {"data": b"\x01"})
    assert await client.text() == '451-["event",{"data":{"_placeholder":true,"num":0}}]'
    assert await client.binary() == b"\x01"


@pytest.mark.gen_test
async def test_cut_broadcast_keeps_its_order_with_direct_sends(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [await join(server) for _ in range(5)]
    monkeypatch.setattr(hub_module, "DELIVERIES_PER_TURN", 2)
    for number in range(3):
        server.sio.emit("broadcast", number)
    for _, socket in clients:
        socket.emit("direct")
    server.sio.emit("after")
    for client, _ in clients:
        expected = [["broadcast", 0], ["broadcast", 1], ["broadcast", 2], ["direct"], ["after"]]
        assert await events(client, 5) == expected


@pytest.mark.gen_test
async def test_client_that_leaves_during_a_cut_broadcast(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [await join(server) for _ in range(4)]
    monkeypatch.setattr(hub_module, "DELIVERIES_PER_TURN", 1)
    server.sio.emit("broadcast")
    clients[-1][1].disconnect()
    for client, _ in clients:  # the one that leaves was sent it before
        assert await events(client, 1) == [["broadcast"]]
    assert await clients[-1][0].text() == "41"
    await until(lambda: not server.runtime.hub.backlog)


@pytest.mark.gen_test
async def test_volatile_is_dropped_only_for_clients_that_are_behind(server: ProtocolServer) -> None:
    quick, _ = await join(server)
    slow, socket = await join(server)
    connection = socket._client.engine.connection
    assert connection is not None
    filler = "x" * 100_000
    slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
    count = 0
    while not connection.queued_bytes:
        socket.emit("fill", filler)
        count += 1
    server.sio.to().volatile.emit("volatile")
    server.sio.emit("certain")
    slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
    assert await events(slow, count + 1) == [["fill", filler]] * count + [["certain"]]
    assert await events(quick, 2) == [["volatile"], ["certain"]]
    assert server.runtime.metrics.dropped_messages == 1


@pytest.mark.gen_test
async def test_newest_of_a_superseding_event_reaches_a_client_that_polls(server: ProtocolServer) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    await client.post("40")
    assert (await client.poll())[0].startswith("40{")
    (socket,) = server.sio.root.sockets.values()
    socket.join("prices")
    hub = server.runtime.hub
    for price in (1, 2, 3):
        hub.publish("prices", "price", price, supersedes="600000", snapshot=lambda: "whole")
    hub.publish("prices", "chat", "must arrive")
    hub.publish("prices", "typing", "dropped when there is no room", volatile=True)
    assert await client.poll() == [
        '42["price","whole"]',
        '42["chat","must arrive"]',
        '42["typing","dropped when there is no room"]',
    ]


# Disconnecting.


@pytest.mark.gen_test
async def test_disconnect_and_close(server: ProtocolServer) -> None:
    reasons: list[tuple[str, set[str]]] = []
    server.sio.on_disconnect(lambda socket, reason: reasons.append((reason, socket.rooms)))
    client, socket = await join(server)
    socket.join("a")
    socket.disconnect(close=True)
    socket.disconnect()
    assert await client.text() == "41"
    assert (await client.closed()).code == 1000
    assert reasons == [("server namespace disconnect", set())]
    assert not server.sio.engine.clients
    assert not server.runtime.hub.has_members("a")


@pytest.mark.gen_test
async def test_disconnect_of_a_room(server: ProtocolServer) -> None:
    (one, first), (two, _) = await join(server), await join(server)
    first.join("user:1")
    server.runtime.hub.disconnect("user:1", "logged out")
    assert await one.text() == "41"
    await silent(two)
    assert first.state is SocketState.DISCONNECTED


@pytest.mark.gen_test
async def test_handshake_of_a_socket(server: ProtocolServer) -> None:
    target = f"{SOCKET_PATH}?EIO=4&transport=websocket&lang=en&lang=zh"
    client = await Client.connect(server.port, target, {"X-Test": "Yes"})
    await client.text()
    client.send_text('40{"token":"t"}')
    await client.text()
    (socket,) = server.sio.root.sockets.values()
    handshake = socket.handshake
    assert handshake.auth == {"token": "t"}
    assert handshake.query["lang"] == "zh"
    assert handshake.headers["x-test"] == "Yes"
    assert (handshake.address, handshake.url, handshake.secure) == ("127.0.0.1", SOCKET_PATH, False)
    assert handshake.issued == server.clock.now()
