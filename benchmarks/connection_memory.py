"""What one idle Socket.IO client costs in Python's memory, by the file whose lines hold it.

``python -m benchmarks.connection_memory [--clients N]`` opens clients without sockets inside this process, so that
nothing else is counted: the kernel's buffers, and what the allocator keeps besides, are in the scenario ``idle-5000``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import tracemalloc
from pathlib import Path

from benchmarks.report import row
from server.protocol.websocket_frames import Opcode, build_frame, xor_mask
from server.realtime.handshake import Handshake
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.transport.connection import WebSocketConnection

ROOT = Path(__file__).resolve().parent.parent
HEADERS = {"host": "127.0.0.1:8000", "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13"}
KEY = b"\1\2\3\4"


class Unconnected(WebSocketConnection):
    """A connection whose socket takes everything and brings nothing."""

    __slots__ = ()

    def _write_some(self, data: bytes) -> int:
        return len(data)

    def _watch_writable(self, wanted: bool) -> None:
        """There is nothing to watch."""

    def _watch_readable(self, wanted: bool) -> None:
        """There is nothing to watch."""

    def _end_writing(self) -> None:
        """There is nothing to end."""

    def _destroy(self) -> None:
        """There is nothing to close."""


def connect_frame() -> bytes:
    """Return the masked frame of a CONNECT to the root namespace."""
    frame = build_frame(Opcode.TEXT, b"40")
    return bytes((frame[0], frame[1] | 0x80)) + KEY + xor_mask(KEY, frame[2:])


def open_client(runtime: Runtime, sio: SocketIOServer) -> None:
    """Open one client in the root namespace; the server keeps it."""
    handshake = Handshake(
        headers=dict(HEADERS),
        query={"EIO": "4", "transport": "websocket"},
        address="127.0.0.1",
        url="/socket.io/",
        secure=False,
        issued=runtime.clock.now(),
    )
    connection = Unconnected(runtime.context)
    sio.engine.open_websocket(sio.engine.new_sid(), connection, handshake)
    connection.start(connect_frame())


async def measure(count: int) -> tuple[float, dict[str, float]]:
    """Return how many bytes a client takes, in all and by file."""
    runtime = Runtime()
    sio = SocketIOServer(runtime)
    open_client(runtime, sio)  # what is made once is made now
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(count):
        open_client(runtime, sio)
    gc.collect()
    growth = tracemalloc.take_snapshot().compare_to(before, "filename")
    tracemalloc.stop()
    parts = {one.traceback[0].filename: one.size_diff / count for one in growth}
    await sio.close()
    runtime.stop()
    return sum(parts.values()), parts


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=2000, help="how many are opened; default %(default)s")
    count = parser.parse_args().clients
    logging.disable(logging.INFO)
    total, parts = asyncio.run(measure(count))
    lines = [row("part", "bytes a client"), row("---", "---:")]
    for filename, size in sorted(parts.items(), key=lambda part: -part[1]):
        if size >= 1:
            path = Path(filename)
            lines.append(row(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name), f"{size:,.0f}"))
    print("\n".join([*lines, row("all", f"{total:,.0f}")]))


if __name__ == "__main__":
    main()
