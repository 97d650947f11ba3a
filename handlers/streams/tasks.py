"""The progress stream of one task, a raw WebSocket (product section 5)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from handlers.services import Services
from handlers.streams.raw import RawStreamHandler
from handlers.task_watch import TaskWatch, has_ended
from server.auth.access import bearer_token
from server.clock import Clock, monotonic_at
from server.domain.rooms import session_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBucket
from server.protocol.websocket_frames import CloseCode
from server.realtime.publication import Publication
from server.realtime.raw_client import RawClient
from server.realtime.runtime import Runtime
from server.transport.connection import WebSocketConnection

PING_RATE = Rate(burst=20, per_second=2)
"""What a client may say; it is not answered beyond that."""


class WatchQuery(Struct):
    """``after_seq``: tell again all that came after that event; without it, the newest alone."""

    after_seq: Annotated[int, Meta(ge=0)] | None = None


class Ping(Struct, tag="ping"):
    """All that a client has to say."""


class TaskClient(RawClient):
    """One watcher: is told what was, then what is, and is closed at the end of the attempt."""

    def __init__(self, runtime: Runtime, connection: WebSocketConnection, heartbeat_seconds: float) -> None:
        super().__init__(runtime, connection, heartbeat_seconds)
        self._clock: Clock = runtime.clock
        self._bucket = TokenBucket(PING_RATE, self._clock.monotonic())

    def follow(self, watch: TaskWatch) -> None:
        """Tell what was told until now, and go on from there."""
        events = watch.take()
        self.join(watch.room)
        for event in events:
            self.send(event)
        self._close_after(events[-1])

    def deliver(self, publication: Publication) -> None:
        """See `RawClient`."""
        super().deliver(publication)
        self._close_after(publication.args[0])

    def on_text(self, data: bytes) -> None:
        """Answer a ping; anything else means nothing."""
        if self._bucket.take(self._clock.monotonic()):
            return
        try:
            msgspec.json.decode(data, type=Ping)
        except (msgspec.MsgspecError, RecursionError):
            return
        self._say("pong")

    def beat(self) -> bool:
        """Say that the stream lives, to those who see no WebSocket pings; see `RawClient`."""
        self._say("heartbeat")
        return super().beat()

    def _say(self, kind: str) -> None:
        self.send({"type": kind, "data": {"timestamp": self._clock.now().isoformat(timespec="milliseconds")}})

    def _close_after(self, event: dict[str, Any]) -> None:
        if has_ended(event):
            self.close(CloseCode.NORMAL, "the task is over")


class TaskStreamHandler(RawStreamHandler):
    """``ws /api/ws/tasks/<task_id>?token=``; who may not see a task is told what is told of an unknown one."""

    access: ClassVar[str] = "the owner of the task, and operators"

    def initialize(self, *, runtime: Runtime, services: Services) -> None:  # type: ignore[override]
        super().initialize(connections=runtime.connections, origins=services.origins)
        self._runtime = runtime
        self._services = services
        self._watch: TaskWatch
        self._principal: Principal
        self._refusal: CloseCode | None = None

    async def get(self, task_id: str) -> None:  # type: ignore[override]
        self._watch = TaskWatch(self._runtime.hub, self._services.tasks, task_id)
        try:
            if self.is_upgrade:
                self._refusal = await self._admit()
            await super().get()
        finally:
            self._watch.close()

    def took_over(self, connection: WebSocketConnection) -> None:
        client = TaskClient(self._runtime, connection, self._services.heartbeat_seconds)
        refusal = CloseCode.UNAUTHORIZED if self._watch.is_cut else self._refusal
        if refusal is not None:
            client.close(refusal, refusal.name.lower())
            return
        client.join(session_room(self._principal.session_id))  # a logout expels it
        client.expire_at(monotonic_at(self._runtime.clock, self._principal.expires_at))
        client.follow(self._watch)

    async def _admit(self) -> CloseCode | None:
        """Begin to watch; return how a client is closed that may not."""
        try:
            token = self.get_query_argument("token", "") or bearer_token(self.request.headers.get("Authorization"))
            self._principal = await self._services.accounts.authenticate(token or "")
            await self._watch.begin(self._principal, self._after_seq())
        except RequestError as error:
            return _CLOSE_CODES.get(error.code, CloseCode.INTERNAL_ERROR)
        return None

    def _after_seq(self) -> int | None:
        """Return what the client has; what is no number counts as nothing."""
        try:
            given = {"after_seq": self.get_query_argument("after_seq")} if "after_seq" in self.request.arguments else {}
            return msgspec.convert(given, WatchQuery, strict=False).after_seq
        except msgspec.ValidationError:
            return None


_CLOSE_CODES = {
    ErrorCode.UNAUTHORIZED: CloseCode.UNAUTHORIZED,
    ErrorCode.NOT_FOUND: CloseCode.NOT_FOUND,
    ErrorCode.UNAVAILABLE: CloseCode.TRY_AGAIN_LATER,
}
