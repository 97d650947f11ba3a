"""A server with a picky namespace, over both readers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from server.errors import ErrorCode, RequestError
from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.realtime.sockets import Socket as ServerSocket
from server.transport.connections import ReaderName
from tests.apps.protocol import make_app
from tests.support.engineio import ProtocolServer


def make(runtime: Runtime, options: EngineOptions) -> Application:
    app = make_app(runtime, options)
    sio: SocketIOServer = app.settings["sio"]
    namespace = sio.namespace("/picky")

    @namespace.use
    async def choose(socket: ServerSocket) -> None:
        await asyncio.sleep(0)
        socket.join("room")
        if socket.handshake.auth.get("refuse"):
            raise RequestError(ErrorCode.FORBIDDEN)
        if socket.handshake.auth.get("fail"):
            raise ZeroDivisionError

    @namespace.on("fail")
    async def fail(socket: ServerSocket) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    @namespace.on("ask")
    async def ask(socket: ServerSocket) -> None:
        await socket.call("question", timeout=5)

    return app


@pytest.fixture(params=["epoll", "iostream"])
def server(request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[ProtocolServer]:
    reader: ReaderName = request.param

    async def start() -> ProtocolServer:
        return ProtocolServer(make, reader=reader)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)
