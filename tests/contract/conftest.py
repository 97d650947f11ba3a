"""The server of `tests.apps.protocol`, whose clock stands still until a test advances it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.transport.connections import ReaderName
from tests.support.engineio import ProtocolServer


@pytest.fixture(params=["front", "handler", "iostream"])
def server(io_loop: IOLoop, request: pytest.FixtureRequest) -> Iterator[ProtocolServer]:
    """Requests answered before Tornado's parser, by the handler, and all of it over Tornado's streams."""

    async def start() -> ProtocolServer:
        reader: ReaderName = "iostream" if request.param == "iostream" else "epoll"
        return ProtocolServer(polling_front=request.param == "front", reader=reader)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)
