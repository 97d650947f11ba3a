"""Links over both transports: what holds for one holds for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.protocol.websocket_frames import text_frame
from server.transport.connections import ReaderName
from tests.support.links import Links

OUTBOX_LIMIT_BYTES = 300_000
BIG = text_frame(b"x" * 20_000)


@pytest.fixture(params=["epoll", "iostream"])
def links(request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[Links]:
    reader: ReaderName = request.param

    async def make() -> Links:
        return Links(reader, 100_000, OUTBOX_LIMIT_BYTES)

    async def end() -> None:
        made.close()
        await asyncio.sleep(0)

    made = io_loop.run_sync(make)
    yield made
    io_loop.run_sync(end)
