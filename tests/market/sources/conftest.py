from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from tests.market.sources.quote_server import QuoteServer
from tests.support.redis_server import RedisServer


@pytest.fixture
def quote_server(io_loop: IOLoop) -> Iterator[QuoteServer]:
    async def start() -> QuoteServer:
        return QuoteServer()

    server = io_loop.run_sync(start)
    assert server is not None
    yield server
    io_loop.run_sync(server.close)


@pytest.fixture(scope="session")
def _redis_process() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis_process: RedisServer) -> RedisServer:
    """The run's own Redis, emptied."""
    _redis_process.command("FLUSHALL")
    return _redis_process
