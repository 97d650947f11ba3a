"""A server of the product for the tests of its doors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.services.sign_in_limits import SignInLimits
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import PER_ACCOUNT, PER_ADDRESS, REGISTRATIONS, ProductServer
from tests.support.town import Town


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
    """A server whose time stands still (see `ProductServer.advance`), and where little is allowed."""

    async def start() -> ProductServer:
        clock = FakeClock()
        limits = SignInLimits(clock, PER_ACCOUNT, PER_ADDRESS, REGISTRATIONS)
        return ProductServer(database, clock, limits)

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


@pytest.fixture
def town(io_loop: IOLoop, database: Database) -> Iterator[Town]:
    """Everyone of the access matrix."""

    async def settle() -> Town:
        return await Town.settle(ProductServer(database, FakeClock()), database)

    settled = io_loop.run_sync(settle)
    assert settled is not None
    yield settled
    io_loop.run_sync(settled.server.stop)
