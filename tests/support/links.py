"""One WebSocket connection between a server's transport and a socket in the test's hands, without a handshake."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream

from server.metrics import Metrics
from server.protocol.websocket_frames import Opcode, text_frame
from server.transport.connection import WebSocketConnection
from server.transport.connection_context import ConnectionContext
from server.transport.connections import Connections, ReaderName
from server.transport.deadlines import Deadlines
from tests.support.clock import FakeClock
from tests.support.frames import ServerFrame, client_frame, read_server_frames
from tests.support.wire import PATIENCE_SECONDS

TICK_SECONDS = 0.01


class Recorder:
    """A receiver that keeps all it is told; `act` is called with each message before it is kept."""

    def __init__(self, act: Callable[[bytes], None] = lambda data: None) -> None:
        self.messages: list[bytes | str] = []
        self.closes: list[tuple[int, str]] = []
        self.act = act

    def on_text(self, data: bytes) -> None:
        self.act(data)
        self.messages.append(data.decode())

    def on_binary(self, data: bytes) -> None:
        self.act(data)
        self.messages.append(data)

    def on_close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))


class Link:
    """A connection, its receiver, and the peer's end of the socket."""

    def __init__(self, connection: WebSocketConnection, receiver: Recorder, peer: socket.socket) -> None:
        self.connection = connection
        self.receiver = receiver
        self.peer = peer
        self._loop = asyncio.get_running_loop()
        self._rest = b""

    async def send(self, data: bytes) -> None:
        """Send bytes from the peer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._loop.sock_sendall(self.peer, data)

    async def receive(self) -> bytes:
        """Return what one read of the peer brings; empty at the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                return await self._loop.sock_recv(self.peer, 1 << 20)
            except ConnectionResetError:
                return b""

    async def frames(self, count: int) -> list[ServerFrame]:
        """Return the next ``count`` frames."""
        found: list[ServerFrame] = []
        while len(found) < count:
            data = await self.receive()
            assert data, f"the connection ended after {found}"
            more, self._rest = read_server_frames(self._rest + data)
            found += more
        assert len(found) == count, found
        return found

    async def all_frames(self) -> list[ServerFrame]:
        """Read to the end, answering a close frame; return all frames."""
        found: list[ServerFrame] = []
        while data := await self.receive():
            more, self._rest = read_server_frames(self._rest + data)
            found += more
            if any(frame.opcode == Opcode.CLOSE for frame in more):
                await self.send(client_frame(Opcode.CLOSE, more[-1].payload))
        return found

    def reset(self) -> None:
        """Vanish: a reset instead of an orderly end."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()


BIG_PAYLOAD = b"x" * 20_000


def fill(link: Link) -> int:
    """Send to a peer that does not read until the socket takes no more; return how many big frames went."""
    count = 0
    while not link.connection._remainder:
        link.connection.send(text_frame(BIG_PAYLOAD))
        count += 1
        assert count < 1000
    return count


class Links:
    """Makes links over one transport; `close` ends them all."""

    def __init__(self, reader: ReaderName, max_payload_bytes: int, outbox_limit_bytes: int) -> None:
        loop = IOLoop.current()
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.deadlines = Deadlines(self.clock, TICK_SECONDS)
        self.context = ConnectionContext(
            clock=self.clock,
            deadlines=self.deadlines,
            metrics=self.metrics,
            call_soon=loop.add_callback,
            call_later=loop.call_later,
            max_payload_bytes=max_payload_bytes,
            outbox_limit_bytes=outbox_limit_bytes,
        )
        self.connections = Connections(self.context, reader)
        self._peers: list[socket.socket] = []

    def advance(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        self.clock.advance(seconds + 2 * TICK_SECONDS)
        self.deadlines.run_due()

    def open_tcp(self, receiver: Recorder | None = None, *, buffer_bytes: int = 0, early: bytes = b"") -> Link:
        """Open a link over TCP, with small kernel buffers if ``buffer_bytes`` is given."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.socket()
            if buffer_bytes:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.connect(listener.getsockname())
            ours, _ = listener.accept()
        if buffer_bytes:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        return self._open(ours, peer, receiver, early)

    def open_slow(self) -> Link:
        """Open a link whose kernel buffers are soon full."""
        return self.open_tcp(buffer_bytes=8192)

    def open_records(self, receiver: Recorder | None = None) -> Link:
        """Open a link where each write of the server is one read of the peer."""
        ours, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return self._open(ours, peer, receiver, b"")

    def _open(self, ours: socket.socket, peer: socket.socket, receiver: Recorder | None, early: bytes) -> Link:
        peer.setblocking(False)
        self._peers.append(peer)
        connection, data = self.connections.open(IOStream(ours))
        recorder = receiver or Recorder()
        connection.receiver = recorder
        connection.start(data + early)
        return Link(connection, recorder, peer)

    def close(self) -> None:
        """End every link."""
        self.connections.close()
        for peer in self._peers:
            peer.close()
