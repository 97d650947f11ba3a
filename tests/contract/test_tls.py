"""TLS in the process: the same server over Tornado's encrypted stream."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.engineio import ENGINE_PATH, ProtocolServer
from tests.support.tls import client_context, server_context
from tests.support.wire import WebSocketWire, until

TARGET = f"{ENGINE_PATH}?EIO=4&transport=websocket"


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    async def start() -> ProtocolServer:
        return ProtocolServer(tls=server_context())

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


async def connect(server: ProtocolServer) -> WebSocketWire:
    """Open a WebSocket, whose open packet is read."""
    wire = await WebSocketWire.connect(server.port, TARGET, tls=client_context())
    assert (await wire.text())[0] == "0"
    return wire


@pytest.mark.gen_test
async def test_messages(server: ProtocolServer) -> None:
    wire = await connect(server)
    large = "4" + "x" * 500_000
    wire.send_text("4é", large, *[f"4{number}" for number in range(100)])
    assert await wire.text() == "4é"
    assert await wire.text() == large
    assert [await wire.text() for _ in range(100)] == [f"4{number}" for number in range(100)]


@pytest.mark.parametrize(
    ("data", "code"),
    [(frames.close(1000), 1000), (frames.text("1"), 1000), (frames.text("7"), 1002), (frames.text(b"\xff"), 1007)],
)
@pytest.mark.gen_test
async def test_end(server: ProtocolServer, data: bytes, code: int) -> None:
    wire = await connect(server)
    wire.send(data)
    frame = await wire.frame()
    assert (frame.opcode, int.from_bytes(frame.payload[:2], "big")) == (Opcode.CLOSE, code)
    if code != 1007:
        wire.send(frames.close(code))
    assert await wire.ended() == b""
    await until(lambda: not server.echo.clients)
    assert not server.runtime.deadlines._buckets


@pytest.mark.gen_test
async def test_client_vanishes(server: ProtocolServer) -> None:
    wire = await connect(server)
    wire.reset()
    await until(lambda: not server.echo.clients)
