"""What must hold after a server was hammered."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

from server.realtime.engineio_client import EngineIOClient
from server.realtime.socketio_client import SocketIOClient
from server.realtime.sockets import Socket as ServerSocket
from server.transport.connection import WebSocketConnection
from server.transport.http_front import HttpConnection
from server.transport.tornado_private import OneRequestConnection
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket
from tests.support.wire import close_wires, until

TARGET = f"{SOCKET_PATH}?EIO=4&transport=websocket"
POLLING = f"{SOCKET_PATH}?EIO=4&transport=polling"


def is_of(thing: object, server: ProtocolServer) -> bool:
    """Tell whether ``thing`` was made for one client of ``server``."""
    with suppress(ReferenceError):  # a weak proxy of what is gone asks it for its class
        return _is_of(thing, server)
    return False


def _is_of(thing: object, server: ProtocolServer) -> bool:
    match thing:
        case WebSocketConnection() | HttpConnection():
            return thing._context is server.runtime.context
        case EngineIOClient():
            return thing._server in (server.echo, server.sio.engine)
        case SocketIOClient():
            return thing.server is server.sio
        case ServerSocket():
            return thing.namespace.hub is server.runtime.hub
        case OneRequestConnection():
            return thing.params is server._http.conn_params
    return False


async def assert_healthy(server: ProtocolServer) -> None:
    """Check that a new client is served over both transports."""
    socket = await Socket.join(server)
    socket.send_text('421["message-with-ack","healthy"]')
    assert await socket.text() == '431["healthy"]'
    client = await Polling.join(server)
    await client.post('421["message-with-ack","healthy"]')
    assert await client.poll() == ['431["healthy"]']
    await client.post("1")
    socket.send_text("1")
    await socket.closed()


async def assert_nothing_is_left(server: ProtocolServer) -> None:
    """Check, after every deadline has passed, that no trace of any client is kept."""
    await close_wires()
    for _ in range(10):
        await asyncio.sleep(0.01)
        server.advance(5)
        server.advance(30)
    runtime, metrics = server.runtime, server.runtime.metrics
    await until(lambda: metrics.connections_opened == metrics.connections_closed)
    await until(lambda: not server.sio._tasks)
    await until(lambda: not server._http._connections)
    assert not server.sio.engine.clients
    for name in ("/", "/custom", "/picky"):
        assert not server.sio.namespace(name).sockets
        assert len(runtime.hub.rooms(name)) == 0
    assert not runtime.hub.backlog
    assert not runtime.deadlines._buckets
    await asyncio.sleep(0)
    gc.collect()
    assert not runtime.connections._streams
    assert [thing for thing in gc.get_objects() if is_of(thing, server)] == []
