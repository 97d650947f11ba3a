"""A Socket.IO server with nothing registered, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop
from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from tests.support.engineio import ProtocolServer


def make(runtime: Runtime, options: EngineOptions) -> Application:
    sio = SocketIOServer(runtime, engine_options=options)
    return Application([(r"/socket\.io/", EngineIOHandler, {"engine": sio.engine})], sio=sio)


@pytest.fixture(params=["epoll", "iostream"])
def server(io_loop: IOLoop, request: pytest.FixtureRequest) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(make, EngineOptions(), reader=request.param)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)
