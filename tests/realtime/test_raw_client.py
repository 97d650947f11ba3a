"""Raw WebSocket clients of the hub: JSON texts, rooms, keep-alive, one end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.streams.raw import RawStreamHandler
from server.protocol.engineio_session import EngineOptions
from server.protocol.websocket_frames import Opcode
from server.realtime import hub as hub_module
from server.realtime.origins import OriginPolicy
from server.realtime.raw_client import RawClient
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.transport.connection import WebSocketConnection
from tests.support import frames
from tests.support.engineio import ProtocolServer
from tests.support.wire import Closed, WebSocketWire, until


class Room(RawClient):
    """Greets, joins the room ``r``, and does what it is told."""

    ended = 0

    def opened(self) -> None:
        self.join("r")
        self.send({"type": "connected", "client_id": self.id})

    def on_text(self, data: bytes) -> None:
        match data:
            case b"leave":
                self.leave("r")
            case b"close":
                self.close(4000, "as you wish")
                self.close(4001, "again")
            case _:
                self.send({"type": "echo", "text": data.decode()})

    def closed(self) -> None:
        assert self.rooms == set()
        self.ended += 1


class RoomHandler(RawStreamHandler):
    def open_client(self, connection: WebSocketConnection) -> RawClient:
        client = Room(self.settings["runtime"], connection, ping_interval_seconds=30.0)
        self.settings["clients"].append(client)
        return client


def make(runtime: Runtime, options: EngineOptions) -> Application:
    row = {"connections": runtime.connections, "origins": OriginPolicy()}
    return Application([("/raw", RoomHandler, row)], sio=SocketIOServer(runtime), runtime=runtime, clients=[])


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(make)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


async def join(server: ProtocolServer) -> tuple[WebSocketWire, Room]:
    """Connect; return the client's and the server's end."""
    wire = await WebSocketWire.connect(server.port, "/raw")
    greeting = json.loads(await wire.text())
    client: Room = server.app.settings["clients"][-1]
    assert greeting == {"type": "connected", "client_id": client.id}
    assert client.id.startswith("client_")
    return wire, client


async def read(wire: WebSocketWire) -> Any:
    return json.loads(await wire.text())


@pytest.mark.gen_test
async def test_messages_and_publications(server: ProtocolServer) -> None:
    wire, _ = await join(server)
    hub = server.runtime.hub
    wire.send_text("é😀")
    assert await read(wire) == {"type": "echo", "text": "é😀"}
    hub.publish("r", "price", {"symbol": "600000", "price": 1.5})
    assert await wire.text() == '{"type":"price","symbol":"600000","price":1.5}'
    wire.send_text("leave")
    wire.send_binary(b"ignored")
    wire.send_text("still there")
    assert await read(wire) == {"type": "echo", "text": "still there"}
    assert not hub.has_members("r")


@pytest.mark.gen_test
async def test_direct_message_comes_after_a_cut_broadcast(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [await join(server) for _ in range(3)]
    monkeypatch.setattr(hub_module, "DELIVERIES_PER_TURN", 1)
    server.runtime.hub.publish("r", "published", {"n": 1})
    for _, client in clients:
        client.send({"type": "direct"})
    for wire, _ in clients:
        assert [(await read(wire))["type"], (await read(wire))["type"]] == ["published", "direct"]


@pytest.mark.gen_test
async def test_silent_listener_lives_on_its_pongs(server: ProtocolServer) -> None:
    wire, client = await join(server)
    for _ in range(4):
        server.advance(30)
        assert (await wire.frame()).opcode == Opcode.PING
        wire.send(frames.client_frame(Opcode.PONG) + frames.text("x"))
        await wire.text()
    assert client.ended == 0


@pytest.mark.gen_test
async def test_listener_that_has_never_said_a_word_is_pinged_first(server: ProtocolServer) -> None:
    wire, client = await join(server)
    server.advance(30)
    assert (await wire.frame()).opcode == Opcode.PING
    assert client.ended == 0


@pytest.mark.gen_test
async def test_peer_that_is_not_heard_for_two_intervals_is_cut(server: ProtocolServer) -> None:
    wire, client = await join(server)
    server.advance(30)
    assert (await wire.frame()).opcode == Opcode.PING
    server.advance(29.9)
    assert client.ended == 0
    server.advance(0.1)
    assert client.ended == 1
    assert await wire.ended() == b""
    assert not server.runtime.hub.has_members("r")
    assert not server.runtime.deadlines._buckets


@pytest.mark.gen_test
async def test_client_closes(server: ProtocolServer) -> None:
    wire, client = await join(server)
    wire.send(frames.close(1000))
    assert (await wire.closed()).code == 1000
    await until(lambda: client.ended)
    assert client.ended == 1
    assert server.runtime.metrics.closes == {("raw", "normal"): 1}


@pytest.mark.gen_test
async def test_client_vanishes(server: ProtocolServer) -> None:
    wire, client = await join(server)
    wire.reset()
    await until(lambda: client.ended)
    assert not server.runtime.hub.has_members("r")
    assert not server.runtime.deadlines._buckets


@pytest.mark.gen_test
async def test_server_closes_once(server: ProtocolServer) -> None:
    wire, client = await join(server)
    wire.send_text("close")
    assert await wire.closed() == Closed(4000, "as you wish")
    assert client.ended == 1
    assert server.runtime.metrics.closes == {("raw", "other"): 1}


@pytest.mark.gen_test
async def test_expelled_by_room(server: ProtocolServer) -> None:
    wire, client = await join(server)
    server.runtime.hub.disconnect("r", "logged out")
    assert await wire.closed() == Closed(4401, "logged out")
    assert client.ended == 1


@pytest.mark.gen_test
async def test_closed_while_its_loss_is_on_the_way(server: ProtocolServer) -> None:
    wire, client = await join(server)
    wire.reset()
    for _ in range(5):
        client.send({"type": "written into the void"})
    client.close(1000)
    await until(lambda: not server.runtime.hub.has_members("r"))
    assert client.ended == 1


@pytest.mark.gen_test
async def test_violation_ends_it_with_the_reason(server: ProtocolServer) -> None:
    wire, client = await join(server)
    wire.send(frames.text(b"\xff"))
    assert (await wire.closed()).code == 1007
    await until(lambda: client.ended)
    assert client.ended == 1
