"""TLS in the process: the same server over Tornado's encrypted stream."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import tornado.test
from tornado.ioloop import IOLoop

from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.engineio import ENGINE_PATH, ProtocolServer
from tests.support.wire import WebSocketWire, until

CERTIFICATES = Path(tornado.test.__path__[0])
"""Tornado ships a self-signed pair for its own tests."""

TARGET = f"{ENGINE_PATH}?EIO=4&transport=websocket"


@pytest.fixture
def server(io_loop: IOLoop) -> Iterator[ProtocolServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "test.crt", CERTIFICATES / "test.key")

    async def start() -> ProtocolServer:
        return ProtocolServer(tls=context)

    started = io_loop.run_sync(start)
    yield started
    io_loop.run_sync(started.stop)


async def connect(server: ProtocolServer) -> WebSocketWire:
    """Open a WebSocket, whose open packet is read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    wire = await WebSocketWire.connect(server.port, TARGET, tls=context)
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
