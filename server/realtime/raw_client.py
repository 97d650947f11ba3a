"""A member of the hub over one raw WebSocket: JSON text messages, kept alive by WebSocket pings."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Hashable, Mapping
from typing import Any

from server.log_context import of_connection
from server.protocol.json_codec import encode_json
from server.protocol.websocket_frames import CloseCode, text_frame
from server.realtime.publication import Publication, WireFormat
from server.realtime.runtime import Runtime
from server.realtime.wire_formats import RAW_JSON
from server.transport.connection import WebSocketConnection
from server.transport.deadlines import NEVER

logger = logging.getLogger(__name__)

_KNOWN_CODES = frozenset(CloseCode)


class RawClient:
    """Base of the raw streams' clients; a subclass says what messages mean.

    A peer from which nothing, not even a pong, is heard for two ping intervals is cut.
    """

    rooms: set[str]
    wire_format: WireFormat[bytes] = RAW_JSON
    """How it is written what is published, and told by `tell`."""

    transport = "raw"
    """What carries it; see `Stream`."""

    def __init__(self, runtime: Runtime, connection: WebSocketConnection, ping_interval_seconds: float = 30.0) -> None:
        self.id = f"client_{secrets.token_urlsafe(9)}"
        self.rooms = set()
        self.number = runtime.ids.next()
        self.address = ""
        self.identity: Hashable = None
        """Who the client is, set by a subclass that knows."""
        self.opened_at = runtime.clock.now()
        self.sent = 0
        """The messages that were sent to it."""
        self.received = 0
        """The messages that came from it; counted by the subclass that reads them."""
        self.wakes_at = NEVER
        self._runtime = runtime
        self._hub = runtime.hub
        self._connection = connection
        self._deadlines = runtime.deadlines
        self._ping_interval_seconds = ping_interval_seconds
        self._is_ended = False
        connection.receiver = self
        connection.heard = True
        self._expires_at = math.inf
        self._pings_at = runtime.clock.monotonic() + ping_interval_seconds
        runtime.deadlines.at(self._pings_at, self)
        runtime.streams[self.number] = self
        runtime.metrics.note_open(self.transport)

    def begin(self, address: str) -> None:
        """Note where the client comes from, and greet it."""
        self.address = address
        logger.info("stream open: %s from=%s", type(self).__name__, address, extra=of_connection(self.name))
        self.opened()

    @property
    def name(self) -> str:
        """What it is called in logs and by operators."""
        return self._runtime.ids.name(self.number)

    @property
    def bytes_in(self) -> int:
        return self._connection.bytes_in

    @property
    def bytes_out(self) -> int:
        return self._connection.bytes_out

    @property
    def queued_bytes(self) -> int:
        return self._connection.queued_bytes

    # For the subclass.

    def opened(self) -> None:
        """Greet the client; its messages come after this."""

    def closed(self) -> None:
        """Let go of what the client held; it has left its rooms by then."""

    def on_text(self, data: bytes) -> None:
        """Take one text message, UTF-8."""

    def on_binary(self, data: bytes) -> None:
        """Take one binary message."""

    def beat(self) -> bool:
        """Ask for a sign of life; False when there was none since the last time. Done each ping interval."""
        if not self._connection.heard:
            return False
        self._connection.heard = False
        self._connection.ping()
        return True

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one JSON object."""
        self._send(text_frame(encode_json(message)))

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """Send one event as if it were published."""
        self._send(self.wire_format.encode("/", event, (payload,)))

    def _send(self, frame: bytes) -> None:
        if self._hub.backlog:
            self._hub.catch_up(self)
        self._connection.send(frame)
        self.sent += 1

    def join(self, room: str) -> None:
        """Enter ``room``."""
        self._hub.rooms().join(self, room)

    def leave(self, room: str) -> None:
        """Leave ``room``, if in it."""
        self._hub.rooms().leave(self, room)

    def expire_at(self, when: float) -> None:
        """Be closed with 4401 at ``when`` (monotonic seconds): what let the client in holds until then."""
        self._expires_at = when
        self._deadlines.at(min(when, self._pings_at), self)

    def close(self, code: int, reason: str = "") -> None:
        """Close from our side."""
        self._connection.close(code, reason)
        self._end(code, reason)

    # For the hub and the connection.

    def deliver(self, publication: Publication) -> None:
        """Send what is published in one of its rooms; see `Member`."""
        frame = publication.encoded(self.wire_format)
        if publication.must_arrive:
            self._connection.send(frame)
            self.sent += 1
        elif self._connection.offer(frame, publication.supersedes, lambda: publication.newest(self.wire_format)):
            self.sent += 1

    def expel(self, reason: str) -> None:
        """Be disconnected by the server; see `Member`."""
        self.close(CloseCode.UNAUTHORIZED, reason)

    def on_close(self, code: int, reason: str) -> None:
        """Learn that the connection is gone; see `Receiver`."""
        self._end(code, reason)

    def _end(self, code: int, reason: str) -> None:
        if self._is_ended:
            return
        self._is_ended = True
        self._note_end(code, reason)
        self._runtime.streams.pop(self.number, None)
        self._deadlines.cancel(self)
        self._hub.rooms().leave_all(self)
        self._hub.forget(self)
        self.closed()

    def _note_end(self, code: int, reason: str) -> None:
        self._runtime.metrics.note_close(self.transport, CloseCode(code).text if code in _KNOWN_CODES else "other")
        logger.info(
            "stream close: code=%d reason=%r seconds=%.1f bytes_in=%d bytes_out=%d",
            code,
            reason,
            (self._runtime.clock.now() - self.opened_at).total_seconds(),
            self.bytes_in,
            self.bytes_out,
            extra=of_connection(self.name),
        )

    def on_deadline(self, now: float) -> float | None:
        """Expire, ping, or cut a peer that has not been heard since the last ping; see `Expirable`."""
        if now >= self._expires_at:
            self.expel("token expired")
            return None
        if now >= self._pings_at:
            if not self.beat():
                self._connection.abort()
                self._end(CloseCode.ABNORMAL, "ping timeout")
                return None
            self._pings_at = now + self._ping_interval_seconds
        return min(self._expires_at, self._pings_at)
