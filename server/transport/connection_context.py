"""What a WebSocket connection is given: what it shares with all others, and who is told what it brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from server.clock import Clock
from server.metrics import Metrics
from server.protocol.websocket_frames import Mask, xor_mask
from server.transport.connection_ids import ConnectionIds
from server.transport.deadlines import Deadlines


class Receiver(Protocol):
    """Who is told what a connection brings."""

    def on_text(self, data: bytes) -> None:
        """Take one whole text message, valid UTF-8."""

    def on_binary(self, data: bytes) -> None:
        """Take one whole binary message."""

    def on_close(self, code: int, reason: str) -> None:
        """Learn, once, that the peer or the network ended it; not called after one's own `close`."""


@dataclass(frozen=True, slots=True)
class ConnectionContext:
    """What all connections of a server share."""

    clock: Clock
    deadlines: Deadlines
    metrics: Metrics
    call_soon: Callable[[Callable[[], None]], None]
    call_later: Callable[[float, Callable[[], None]], object]
    max_payload_bytes: int = 1_000_000
    outbox_limit_bytes: int = 4 << 20
    mask: Mask = xor_mask
    ids: ConnectionIds = field(default_factory=ConnectionIds)
