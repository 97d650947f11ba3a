"""What the connections of one process share: time, deadlines, counters, the reader, the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado.ioloop import IOLoop

from server.clock import Clock, SystemClock
from server.metrics import Metrics
from server.realtime.hub import Hub
from server.transport.connection_context import ConnectionContext
from server.transport.connections import Connections, ReaderName
from server.transport.deadlines import Deadlines
from server.transport.tornado_private import websocket_mask

if TYPE_CHECKING:
    from server.realtime.census import Stream
    from server.realtime.engineio_server import EngineIOServer


class Runtime:
    """Made inside the running loop; `start` before the first connection, `stop` after the last."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        reader: ReaderName = "epoll",
        max_payload_bytes: int = 1_000_000,
        outbox_limit_bytes: int = 4 << 20,
        tick_seconds: float = 0.1,
    ) -> None:
        loop = IOLoop.current()
        self.clock = clock or SystemClock()
        self.metrics = Metrics()
        self.deadlines = Deadlines(self.clock, tick_seconds)
        self.hub = Hub(loop.add_callback)
        self.context = ConnectionContext(
            clock=self.clock,
            deadlines=self.deadlines,
            metrics=self.metrics,
            call_soon=loop.add_callback,
            call_later=loop.call_later,
            max_payload_bytes=max_payload_bytes,
            outbox_limit_bytes=outbox_limit_bytes,
            mask=websocket_mask,
        )
        self.ids = self.context.ids
        self.connections = Connections(self.context, reader)
        self.engines: list[EngineIOServer] = []
        """All that serve clients here."""
        self.streams: dict[int, Stream] = {}
        """The open clients of raw streams, by number, in the order of their numbers."""

    def start(self) -> None:
        """Let deadlines run."""
        self.deadlines.start()

    def stop(self) -> None:
        """Cut what is still connected."""
        self.deadlines.stop()
        self.connections.close()
