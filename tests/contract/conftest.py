"""The server of `tests.apps.protocol`, whose clock stands still until a test advances it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from tests.support.engineio import ProtocolServer


@pytest.fixture(params=["front", "handler"])
def server(io_loop: IOLoop, request: pytest.FixtureRequest) -> Iterator[ProtocolServer]:
    """Polls answered before Tornado's parser, and by the handler, which is the reference."""

    async def start() -> ProtocolServer:
        return ProtocolServer(polling_front=request.param == "front")

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)
