"""The doors of a user's notifications: a raw WebSocket, and Server-Sent Events for who has none."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import ClassVar

from msgspec import Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from handlers.services import Services
from handlers.streams.notification_clients import (
    LONGEST_SILENCE_SECONDS,
    EventStreamClient,
    SocketClient,
)
from handlers.streams.raw import RawStreamHandler, refuse
from server.auth.access import Access
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.protocol.sse import EventStream, response_head
from server.realtime.runtime import Runtime
from server.services.notifications import place_of
from server.transport.connection import WebSocketConnection

UNANSWERED_BEATS = 2
"""How long a peer may leave bytes of an SSE stream unacknowledged before TCP gives it up, in signs of life."""


class StreamQuery(Struct):
    """``token`` is for who cannot send the header; ``after`` is the id of the last one seen."""

    token: str = ""
    after: str = ""


class NotificationSocketHandler(RawStreamHandler):
    """``ws /api/ws/notifications?token=&after=``."""

    access: ClassVar[str] = "members"

    def initialize(self, *, runtime: Runtime, services: Services) -> None:  # type: ignore[override]
        super().initialize(connections=runtime.connections, origins=services.origins)
        self._runtime = runtime
        self._services = services
        self._principal: Principal | None = None
        self._after: int | None = None

    async def get(self) -> None:
        try:
            self._principal = await self._services.accounts.authenticate(self.get_query_argument("token", ""))
            self._after = _place(self.get_query_argument("after", ""))
        except RequestError as error:
            if error.code is not ErrorCode.UNAUTHORIZED:  # a client that is told 4401 signs in anew
                self.set_status(error.code.status)
                self.finish(f"{error.code.slug}: {error.detail}")
                return
        await super().get()

    def took_over(self, connection: WebSocketConnection) -> None:
        if self._principal is None:
            refuse(connection, ErrorCode.UNAUTHORIZED.slug)
            return
        client = SocketClient(
            self._runtime,
            connection,
            self._principal,
            self._services.notifications,
            self._services.notification_streams,
            self._services.heartbeat_seconds,
            self._after,
        )
        client.begin(self.request.remote_ip or "")


class NotificationEventsHandler(ApiHandler):
    """``GET /api/notifications/stream?token=&after=``; ``Last-Event-ID`` counts before ``after``."""

    access = Access.MEMBER

    def initialize(self, services: Services, runtime: Runtime) -> None:  # type: ignore[override]
        super().initialize(services)
        self._runtime = runtime

    async def authenticate(self) -> Principal | None:
        """Take ``?token=`` too: an EventSource sets no header."""
        token = self.get_query_argument("token", "")
        return await (self.services.accounts.authenticate(token) if token else super().authenticate())

    def head(self, *_args: str) -> None:
        raise RequestError(ErrorCode.METHOD_NOT_ALLOWED, "a stream has no HEAD: ask with GET")

    @operation(query=StreamQuery, headers=("Last-Event-ID",), media_type="text/event-stream")
    async def get(self, query: StreamQuery) -> None:
        """Stream the caller's notifications as Server-Sent Events."""
        # Past Tornado, whose objects are let go; see `AcceptingHandler`.
        after = _place(self.request.headers.get("Last-Event-ID") or query.after)
        self.application.log_request(self)
        beat_seconds = min(self.services.heartbeat_seconds, LONGEST_SILENCE_SECONDS)
        stream = self.detach()
        self.on_finish()
        with suppress(OSError, AttributeError):  # the socket is gone, or no TCP, or the system has no such option
            unanswered_ms = int(1000 * UNANSWERED_BEATS * beat_seconds)
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unanswered_ms)
        connection, data = self._runtime.connections.open(stream)
        connection.speak(EventStream())
        client = EventStreamClient(
            self._runtime,
            connection,
            self.principal,
            self.services.notifications,
            self.services.notification_streams,
            beat_seconds,
            after,
        )
        connection.send(response_head(self.services.origins.headers(*self._origin())))
        client.begin(self.request.remote_ip or "")
        connection.start(data)


def _place(notification_id: str) -> int | None:
    return place_of("after", notification_id) if notification_id else None
