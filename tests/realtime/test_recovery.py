"""Connection state recovery: who comes back as who it was, and what it gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgpack
import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.errors import ErrorCode, RequestError
from server.protocol.engineio_session import EngineOptions
from server.realtime import hub
from server.realtime.recovery import RecoveryOptions
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer, SocketOptions
from server.realtime.sockets import Socket
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer
from tests.support.engineio import Socket as Client
from tests.support.wire import until

OPTIONS = RecoveryOptions(seconds=120, events_per_room=5)


def make(runtime: Runtime, options: EngineOptions) -> Application:
    sio = SocketIOServer(runtime, options=SocketOptions(recovery=OPTIONS), engine_options=options)
    return Application([(r"/socket\.io/", EngineIOHandler, {"engine": sio.engine})], sio=sio)


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        server = ProtocolServer(make, EngineOptions())

        @server.sio.on_connect
        def connected(socket: Socket) -> None:
            socket.emit("hello", socket.recovered)

        @server.sio.on("join")
        def join(socket: Socket, room: str) -> None:
            socket.join(room)

        return server

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


class Member(NamedTuple):
    """A connected client, and what it would come back with."""

    client: Client
    sid: str
    pid: str
    offset: str


async def event(client: Client) -> list[Any]:
    text = await client.text()
    assert text.startswith("42"), text
    return json.loads(text[2:])  # type: ignore[no-any-return]


async def connect(server: ProtocolServer, **auth: object) -> Member:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40" + json.dumps(auth))
    answer = json.loads((await client.text())[2:])
    offset = ""
    while True:
        name, *args = await event(client)
        offset = args[-1]
        if name == "hello":
            return Member(client, answer["sid"], answer["pid"], offset)


async def cut(server: ProtocolServer, member: Member) -> None:
    member.client.reset()
    await until(lambda: member.sid not in server.sio.root.sockets)


async def come_back(server: ProtocolServer, **auth: object) -> tuple[dict[str, str], list[list[Any]]]:
    """Connect; return the answer and every event up to the greeting."""
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40" + json.dumps(auth))
    answer = json.loads((await client.text())[2:])
    events = [await event(client)]
    while events[-1][0] != "hello":
        events.append(await event(client))
    return answer, events


@pytest.mark.gen_test
async def test_client_comes_back_and_gets_what_it_missed(server: ProtocolServer) -> None:
    member = await connect(server)
    socket = server.sio.root.sockets[member.sid]
    socket.join("room")
    socket.data["name"] = "alice"
    await cut(server, member)
    server.sio.emit("to all", 1)
    server.sio.to("room").emit("to the room", b"\x01")
    server.sio.to("other").emit("to others")
    server.sio.to("room").except_(member.sid).emit("not to it")
    server.sio.to("room", member.sid).emit("once")
    server.sio.to("room").volatile.emit("volatile")
    server.sio.hub.publish("room", "published", {"a": 1})
    socket.emit("to itself")

    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40" + json.dumps({"pid": member.pid, "offset": member.offset}))
    assert json.loads((await client.text())[2:]) == {"sid": member.sid, "pid": member.pid}
    assert (await event(client))[:2] == ["to all", 1]
    assert (await client.text()).startswith('451-["to the room",{"_placeholder":true,"num":0},"')
    assert await client.binary() == b"\x01"
    missed = [await event(client) for _ in range(4)]
    assert [one[:-1] for one in missed] == [["once"], ["published", {"a": 1}], ["to itself"], ["hello", True]]
    back = server.sio.root.sockets[member.sid]
    assert (back.rooms, back.data, back.recovered) == ({"room"}, {"name": "alice"}, True)
    assert back is not socket


@pytest.mark.gen_test
async def test_who_was_evicted_meanwhile_is_not_in_the_room(server: ProtocolServer) -> None:
    members = [await connect(server) for _ in range(2)]
    for member in members:
        for room in ("user", "room")[: 1 + (member is members[0])]:
            server.sio.root.sockets[member.sid].join(room)
        await cut(server, member)
    server.sio.hub.publish("room", "before", 1)
    server.sio.hub.evict("user", "room")
    server.sio.hub.publish("room", "after", 2)
    for member in members:
        _, missed = await come_back(server, pid=member.pid, offset=member.offset)
        assert [name for name, *_ in missed] == ["hello"]
        assert server.sio.root.sockets[member.sid].rooms == {"user"}


@pytest.mark.gen_test
async def test_offsets_grow_and_are_last(server: ProtocolServer) -> None:
    member = await connect(server)
    socket = server.sio.root.sockets[member.sid]
    socket.emit("text", "last")
    server.sio.emit("none")
    events = [await event(member.client) for _ in range(2)]
    assert [one[:-1] for one in events] == [["text", "last"], ["none"]]
    offsets = [member.offset, *(one[-1] for one in events)]
    marks, numbers = zip(*(one.split(".") for one in offsets), strict=True)
    assert len(set(marks)) == 1 and marks[0]
    assert [int(number) for number in numbers] == [1, 2, 3]


@pytest.mark.gen_test
async def test_what_asks_for_an_answer_has_no_offset(server: ProtocolServer) -> None:
    member = await connect(server)
    asked = server.sio.root.sockets[member.sid].ask("question", (1,), 5.0)
    assert await member.client.text() == '420["question",1]'
    member.client.send_text("430[2]")
    assert await asked == [2]


@pytest.mark.gen_test
async def test_private_id_is_used_once(server: ProtocolServer) -> None:
    member = await connect(server)
    await cut(server, member)
    first, _ = await come_back(server, pid=member.pid, offset=member.offset)
    again, events = await come_back(server, pid=member.pid, offset=member.offset)
    assert first["sid"] == member.sid
    assert again["sid"] != member.sid and again["pid"] != member.pid
    assert events[-1][:2] == ["hello", False]


@pytest.mark.gen_test
async def test_client_comes_back_again_and_again(server: ProtocolServer) -> None:
    member = await connect(server)
    for number in range(3):
        await cut(server, member)
        server.sio.emit("missed", number)
        client = await Client.start(server, SOCKET_PATH)
        client.send_text("40" + json.dumps({"pid": member.pid, "offset": member.offset}))
        assert json.loads((await client.text())[2:])["pid"] == member.pid
        assert (await event(client))[:2] == ["missed", number]
        member = member._replace(client=client, offset=(await event(client))[-1])


@pytest.mark.gen_test
async def test_authentication_runs_again(server: ProtocolServer) -> None:
    banned: set[str] = set()

    @server.sio.use
    async def authenticate(socket: Socket) -> None:
        socket.identity = socket.handshake.auth["user"]
        if socket.identity in banned:
            raise RequestError(ErrorCode.FORBIDDEN)
        socket.data["seen"] = len(banned)

    alice, bob = await connect(server, user="alice"), await connect(server, user="bob")
    await cut(server, alice)
    await cut(server, bob)
    banned.add("bob")
    answer, _ = await come_back(server, user="carol", pid=alice.pid, offset=alice.offset)
    assert answer["sid"] != alice.sid
    answer, _ = await come_back(server, user="alice", pid=alice.pid, offset=alice.offset)
    assert answer["sid"] != alice.sid  # it was asked for by somebody else: used up
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40" + json.dumps({"user": "bob", "pid": bob.pid, "offset": bob.offset}))
    assert (await client.text()).startswith("44")
    banned.clear()
    answer, events = await come_back(server, user="bob", pid=bob.pid, offset=bob.offset)
    assert (answer["sid"], events[-1][:2]) == (bob.sid, ["hello", True])


@pytest.mark.parametrize("way", ["client", "server", "server closes"])
@pytest.mark.gen_test
async def test_who_left_on_purpose_does_not_come_back(server: ProtocolServer, way: str) -> None:
    member = await connect(server)
    if way == "client":
        member.client.send_text("41")
    else:
        server.sio.root.sockets[member.sid].disconnect(close=way == "server closes")
    await until(lambda: member.sid not in server.sio.root.sockets)
    answer, _ = await come_back(server, pid=member.pid, offset=member.offset)
    assert answer["sid"] != member.sid


@pytest.mark.gen_test
async def test_room_of_one_who_is_away_stays_private(server: ProtocolServer) -> None:
    member, other = await connect(server), await connect(server)
    await cut(server, member)
    socket = server.sio.root.sockets[other.sid]
    with pytest.raises(ValueError, match="private"):
        socket.join(member.sid)
    with pytest.raises(ValueError, match="private"):
        server.sio.to(other.sid).join(member.sid)
    await come_back(server, pid=member.pid, offset="0")
    server.clock.advance(OPTIONS.seconds + 1)
    assert not server.sio.hub.recoveries["/"]._away_ids


@pytest.mark.gen_test
async def test_too_late(server: ProtocolServer) -> None:
    early, late = await connect(server), await connect(server)
    await cut(server, early)
    await cut(server, late)
    server.clock.advance(OPTIONS.seconds - 1)
    assert (await come_back(server, pid=early.pid, offset=early.offset))[0]["sid"] == early.sid
    server.clock.advance(2)
    assert (await come_back(server, pid=late.pid, offset=late.offset))[0]["sid"] != late.sid


@pytest.mark.gen_test
async def test_no_hole_is_hidden(server: ProtocolServer) -> None:
    member = await connect(server)
    await cut(server, member)
    for number in range(OPTIONS.events_per_room + 1):
        server.sio.emit("missed", number)
    answer, events = await come_back(server, pid=member.pid, offset=member.offset)
    assert answer["sid"] != member.sid
    assert [one[0] for one in events] == ["hello"]


@pytest.mark.parametrize(
    "offset", [None, 1, "", "1", "1.1", "M", "M.", "M.-1", "M.1.1", "M.x", "M.999999", "M." + "9" * 30, "M.१", ["M.1"]]
)
@pytest.mark.gen_test
async def test_bad_offset_is_a_new_client(server: ProtocolServer, offset: object) -> None:
    """What ends a volatile event may be any text, and the client takes it for its offset."""
    member = await connect(server)
    if isinstance(offset, str):
        offset = offset.replace("M", member.offset.split(".")[0])
    await cut(server, member)
    answer, _ = await come_back(server, pid=member.pid, offset=offset)
    assert answer["sid"] != member.sid


@pytest.mark.parametrize("pid", [None, 1, {"$ne": 1}, "unknown"])
@pytest.mark.gen_test
async def test_bad_private_id_is_a_new_client(server: ProtocolServer, pid: object) -> None:
    answer, events = await come_back(server, pid=pid, offset="0")
    assert answer["pid"] != pid and events[-1][:2] == ["hello", False]


@pytest.mark.gen_test
async def test_msgpack_client_comes_back(server: ProtocolServer) -> None:
    async def start(**auth: object) -> tuple[Client, dict[str, Any]]:
        client = await Client.start(server, SOCKET_PATH)
        client.send_binary(msgpack.packb({"type": 0, "data": auth, "nsp": "/"}))
        return client, msgpack.unpackb(await client.binary())["data"]

    client, ids = await start()
    offset = msgpack.unpackb(await client.binary())["data"][-1]
    client.reset()
    await until(lambda: not server.sio.root.sockets)
    server.sio.emit("missed", b"\x01")
    client, again = await start(pid=ids["pid"], offset=offset)
    assert again == ids
    assert msgpack.unpackb(await client.binary())["data"][:2] == ["missed", b"\x01"]


@pytest.mark.gen_test
async def test_engineio_3_knows_nothing_of_it(server: ProtocolServer) -> None:
    client = await Client.connect(server.port, f"{SOCKET_PATH}?EIO=3&transport=websocket")
    await client.text()
    assert [await client.text(), await client.text()] == ["40", '42["hello",false]']
    server.sio.emit("to all", 1)
    assert await client.text() == '42["to all",1]'


@pytest.mark.gen_test
async def test_early_events_carry_the_first_offset(server: ProtocolServer) -> None:
    @server.sio.use
    async def greet(socket: Socket) -> None:
        socket.emit("early")

    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    await client.text()
    name, offset = await event(client)
    assert name == "early" and offset.endswith(".1")


@pytest.mark.parametrize("made_up", [False, True])
@pytest.mark.gen_test
async def test_nothing_from_before_its_time(server: ProtocolServer, made_up: bool) -> None:
    server.sio.emit("before it connected")
    member = await connect(server)
    server.sio.to("room", "other").emit("before it entered")
    server.sio.root.sockets[member.sid].join("room")
    server.sio.to("room").emit("unread")
    await cut(server, member)
    server.sio.to("room").emit("missed")
    offset = member.offset.split(".")[0] + ".0" if made_up else member.offset
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40" + json.dumps({"pid": member.pid, "offset": offset}))
    assert json.loads((await client.text())[2:])["sid"] == member.sid
    expected = ["hello"] * made_up + ["unread", "missed", "hello"]
    assert [(await event(client))[0] for _ in expected] == expected


@pytest.mark.gen_test
async def test_slow_handler_answers_who_is_back(server: ProtocolServer) -> None:
    member = await connect(server)
    before = server.sio.root.sockets[member.sid]
    await cut(server, member)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40" + json.dumps({"pid": member.pid, "offset": member.offset}))
    await client.text()
    assert (await event(client))[0] == "hello"
    before.emit("result")
    assert (await event(client))[0] == "result"


@pytest.mark.gen_test
async def test_who_missed_more_than_its_outbox_holds_is_a_new_client(server: ProtocolServer) -> None:
    """Else it would be closed as too slow, come back, and be closed again."""
    member = await connect(server)
    socket = server.sio.root.sockets[member.sid]
    rooms = [str(number) for number in range(5)]
    for room in rooms:
        socket.join(room)
    await cut(server, member)
    for room in rooms:
        server.sio.to(room).emit("missed", "x" * 990_000)
    client = await Polling.open(server, SOCKET_PATH)
    await client.post("40" + json.dumps({"pid": member.pid, "offset": member.offset}))
    packets = await client.poll()
    assert packets[0].startswith("40{") and member.sid not in packets[0]
    assert packets[1].startswith('42["hello",false')


@pytest.mark.gen_test
async def test_event_does_not_overtake_a_cut_broadcast(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "DELIVERIES_PER_TURN", 1)
    members = [await connect(server) for _ in range(2)]
    server.sio.emit("first")
    for member in members:
        server.sio.root.sockets[member.sid].emit("second")
    for member in members:
        assert [(await event(member.client))[0] for _ in range(2)] == ["first", "second"]
