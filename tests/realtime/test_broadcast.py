"""Many sockets at once: fetching them, moving and disconnecting them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.realtime import hub as hub_module
from server.realtime.publication import Publication
from server.realtime.sockets import Socket
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer
from tests.support.members import connect, crowd, events, join, silent
from tests.support.wire import until

# Fetching, moving.


@pytest.mark.gen_test
async def test_fetch_sockets(server: ProtocolServer) -> None:
    (_, first), (_, second), (_, third) = await crowd(server, 3)
    third.leave("room")
    third.join("other")
    sio = server.sio
    assert await sio.fetch_sockets() == [first, second, third]
    assert await sio.to("room").fetch_sockets() == [first, second]
    assert await sio.to("room", "other").except_(first.id).fetch_sockets() == [second, third]
    assert await sio.to("nobody").fetch_sockets() == []
    assert await first.broadcast.fetch_sockets() == [second, third]
    assert await sio.namespace("/other").fetch_sockets() == []


class RawMember:
    """A member that is no socket, as a raw WebSocket client."""

    def __init__(self) -> None:
        self.rooms: set[str] = set()
        self.heard: list[str] = []

    def deliver(self, publication: Publication) -> None:
        self.heard.append(publication.event)

    def leave(self, room: str) -> None:
        raise AssertionError

    def expel(self, reason: str) -> None:
        raise AssertionError


@pytest.mark.gen_test
async def test_raw_clients_are_sent_to_but_are_no_sockets(server: ProtocolServer) -> None:
    raw, [(client, socket)] = RawMember(), await crowd(server, 1)
    server.runtime.hub.rooms().join(raw, "room")
    room = server.sio.to("room")
    assert await room.fetch_sockets() == [socket]
    room.emit("event")
    assert raw.heard == ["event"]
    asked = asyncio.ensure_future(room.call("question"))
    await events(client, 1)
    assert await client.text() == '420["question"]'
    client.send_text("430[]")
    assert await asked == ({socket.id: []}, ())
    room.join("another")
    room.leave("room")
    assert (raw.rooms, socket.rooms) == ({"room"}, {"another"})
    room.disconnect()


@pytest.mark.gen_test
async def test_joining_and_leaving(server: ProtocolServer) -> None:
    (_, first), (_, second), (_, third) = await crowd(server, 3)
    third.leave("room")
    server.sio.to("room").join("a", "b")
    assert [socket.rooms for socket in (first, second, third)] == [{"room", "a", "b"}, {"room", "a", "b"}, set()]
    first.broadcast.leave("a", "never joined")
    assert [socket.rooms for socket in (first, second)] == [{"room", "a", "b"}, {"room", "b"}]
    server.sio.to("room").leave("room")  # the very room it reads
    assert not server.runtime.hub.has_members("room")
    server.sio.to("nobody").join("room")
    assert not server.runtime.hub.has_members("room")


@pytest.mark.gen_test
async def test_the_room_of_a_socket_stays_private(server: ProtocolServer) -> None:
    (_, first), (two, second) = await crowd(server, 2)
    with pytest.raises(ValueError, match="private"):
        server.sio.to("room").join("a", second.id)
    assert [socket.rooms for socket in (first, second)] == [{"room"}, {"room"}]
    server.sio.to("room").leave(second.id)
    server.sio.to(second.id).emit("for two")
    assert await events(two, 1) == [["for two"]]


# Disconnecting.


@pytest.mark.gen_test
async def test_disconnecting_a_room(server: ProtocolServer) -> None:
    reasons: list[str] = []
    server.sio.on_disconnect(lambda socket, reason: reasons.append(reason))
    members, outsider = await crowd(server, 2), await connect(server)
    server.sio.emit("before")
    server.sio.to("room").disconnect()
    for client, _ in members:
        assert await events(client, 1) == [["before"]]
        assert await client.text() == "41"
        await silent(client)
    assert reasons == ["server namespace disconnect"] * 2
    assert not server.runtime.hub.has_members("room")
    assert await events(outsider, 1) == [["before"]]
    server.sio.disconnect_sockets()
    assert await outsider.text() == "41"
    server.sio.disconnect_sockets(close=True)  # nobody
    await silent(outsider)


@pytest.mark.gen_test
async def test_closing_a_room(server: ProtocolServer) -> None:
    members = await crowd(server, 2)
    polling = await Polling.open(server, SOCKET_PATH)
    await polling.post("40")
    await polling.poll()
    server.sio.disconnect_sockets(close=True)
    for client, _ in members:
        assert await client.text() == "41"
        assert (await client.closed()).code == 1000
    assert await polling.poll() == ["41", "1"]
    assert not server.sio.engine.clients


@pytest.mark.gen_test
async def test_a_large_crowd_is_disconnected_in_turns(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "EXPULSIONS_PER_TURN", 2)
    members = await crowd(server, 5)
    server.sio.to("room").disconnect(close=True)
    assert len(server.sio.root.sockets) == 3
    members[4][0].send_text("41")
    newcomer, _ = await join(server)
    await until(lambda: len(server.sio.root.sockets) == 1)
    for client, _ in members[:4]:
        assert await client.text() == "41"
    newcomer.send_text("41")
    await silent(newcomer)


@pytest.mark.gen_test
async def test_disconnecting_oneself_from_a_handler(server: ProtocolServer) -> None:
    @server.sio.on("everybody out")
    def out(socket: Socket) -> None:
        server.sio.disconnect_sockets()

    client, other = await connect(server), await connect(server)
    client.send_text('42["everybody out"]')
    assert [await client.text(), await other.text()] == ["41", "41"]


# Flags.


@pytest.mark.gen_test
async def test_local_is_carried_to_whoever_delivers(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    [(client, _)] = await crowd(server, 1)
    delivered: list[bool] = []
    deliver = server.runtime.hub.deliver

    def spy(publication: Publication, members: Any) -> None:
        delivered.append(publication.local)
        deliver(publication, members)

    monkeypatch.setattr(server.runtime.hub, "deliver", spy)
    server.sio.to("room").local.emit("here")
    server.sio.to("room").emit("everywhere")
    assert await events(client, 2) == [["here"], ["everywhere"]]
    assert delivered == [True, False]
