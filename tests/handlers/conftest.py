"""A server of the product for the tests of its doors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import ProductServer


@pytest.fixture
def server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        return ProductServer(database)

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


@pytest.fixture
def timed_server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    """A server whose time stands still; see `ProductServer.advance`."""

    async def start() -> ProductServer:
        return ProductServer(database, FakeClock())

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)
