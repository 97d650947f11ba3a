"""What is sent on a stream of notifications: each once and in order, first what was missed, then what comes."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
from typing import Any

import msgspec

from handlers.streams.flood import FloodGate, refuse_binary
from handlers.streams.raw import Ping
from server.clock import monotonic_at
from server.domain.notifications import seq_of
from server.domain.payloads import to_payload
from server.domain.rooms import notification_room, session_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.protocol.sse import COMMENT
from server.protocol.websocket_frames import CloseCode
from server.realtime.open_streams import OpenStreams
from server.realtime.publication import Publication
from server.realtime.raw_client import RawClient
from server.realtime.runtime import Runtime
from server.realtime.wire_formats import RAW_DATA, SSE_FORMAT
from server.services.notifications import MAX_IDS, NotificationService, place_of
from server.transport.connection import WebSocketConnection

logger = logging.getLogger(__name__)

PAGE = 100
MOST_QUEUED_BYTES = 256 * 1024
"""Of what was missed no more is fetched while so much waits for the client."""

DRAIN_SECONDS = 0.05
RESUME_SECONDS = 0.5
"""How long a new client has to say after which notification it goes on."""

LONGEST_SILENCE_SECONDS = 15.0
"""Of an SSE stream: proxies cut one that is silent for long."""

MESSAGE_RATE = Rate(burst=50, per_second=5)


class NotificationClient(RawClient):
    """One stream. It knows up to which place it has sent all there is, and fetches whatever is between that and news.

    Nothing is kept in memory for it: what is published while it fetches is stored, and so is fetched.
    """

    waits_for_resume = False
    """Whether the client may say a moment later where to go on."""

    def __init__(
        self,
        runtime: Runtime,
        connection: WebSocketConnection,
        principal: Principal,
        notifications: NotificationService,
        streams: OpenStreams,
        beat_seconds: float,
        after: int | None,
    ) -> None:
        super().__init__(runtime, connection, beat_seconds)
        self.expire_at(monotonic_at(runtime.clock, principal.expires_at))
        self.user_id = principal.user_id
        self.username = principal.username
        self.identity = principal.user_id
        self._principal = principal
        self._after = after
        self._clock = runtime.clock
        self._notifications = notifications
        self._streams = streams
        self._begins_at = math.inf
        self._sent: int | None = None
        """Up to this place all has been sent; None: it is not known yet where to begin."""
        self._announced = 0
        self._first_announced = sys.maxsize
        """The devices of the user may have been told of it, but not this one."""
        self._fetching: asyncio.Task[None] | None = None

    def opened(self) -> None:
        """Greet the client and go on after a place; without one, after what the user's devices were told."""
        self.join(session_room(self._principal.session_id))  # a logout expels it
        self.join(notification_room(self.user_id))
        self._streams.enter(self)
        self.tell("connected", {"client_id": self.id, "username": self.username, "timestamp": self._timestamp()})
        if self._after is None and self.waits_for_resume:
            self._begins_at = self._clock.monotonic() + RESUME_SECONDS
            self._deadlines.at(min(self._begins_at, self._pings_at, self._expires_at), self)
        else:
            self._go_on(self._after)

    def closed(self) -> None:
        self._streams.leave(self)
        if self._fetching is not None:
            self._fetching.cancel()

    def on_deadline(self, now: float) -> float | None:
        if now >= self._begins_at:
            self._go_on(None)
        following = super().on_deadline(now)
        return None if following is None else min(following, self._begins_at)

    def deliver(self, publication: Publication) -> None:
        """Send what is next; what is not tells that something was missed, and is fetched with it."""
        if publication.event != "notification":
            super().deliver(publication)
            return
        seq = seq_of(publication.args[0]["id"]) or 0
        self._announced = max(self._announced, seq)
        self._first_announced = min(self._first_announced, seq)
        if self._sent is None or self._fetching is not None:
            return
        if seq == self._sent + 1:
            super().deliver(publication)
            self._sent = seq
        elif seq > self._sent:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch(None))

    def _go_on(self, after: int | None) -> None:
        """Send all that follows a place."""
        self._begins_at = math.inf
        if self._fetching is not None:
            self._fetching.cancel()
        self._sent = None
        self._fetching = asyncio.get_running_loop().create_task(self._fetch(after))

    async def _fetch(self, after: int | None) -> None:
        try:
            place = self._sent if self._sent is not None else await self._place(after)
            self._sent = await self._send_following(place)
        except RequestError as error:
            self._give_up(error)
        except Exception:
            logger.exception("a stream of notifications failed")
            self._give_up(RequestError(ErrorCode.INTERNAL))
        else:
            self._notifications.note_told(self.user_id, self._sent)
        finally:
            if self._fetching is asyncio.current_task():
                self._fetching = None

    async def _place(self, after: int | None) -> int:
        told, last = await self._notifications.places(self.user_id)
        return min(told, self._first_announced - 1) if after is None else min(after, last)

    async def _send_following(self, after: int) -> int:
        """Send what follows a place, page after page, until there is no more; return the place up to which."""
        while True:
            announced = self._announced  # what was announced by now is stored, and found
            page = await self._notifications.following(self.user_id, after, PAGE)
            for notification in page.notifications:
                self.tell("notification", to_payload(notification))
            after = page.through
            if not page.has_more:
                after = max(after, announced)
                if self._announced <= after:
                    return after
            while self._connection.queued_bytes > MOST_QUEUED_BYTES:
                await asyncio.sleep(DRAIN_SECONDS)

    def _give_up(self, error: RequestError) -> None:
        """End the stream: the client comes back and goes on where it was."""
        self.close(CloseCode.INTERNAL_ERROR, error.code.slug)

    def _timestamp(self) -> Any:
        return to_payload(self._clock.now())


class EventStreamClient(NotificationClient):
    """Server-Sent Events: the client says nothing, and a peer that is gone is found by TCP."""

    wire_format = SSE_FORMAT
    transport = "sse"

    def beat(self) -> bool:
        self._connection.send(COMMENT)
        return True


class MarkRead(msgspec.Struct, tag="mark_read"):
    """These have been read."""

    ids: list[str]


class Resume(msgspec.Struct, tag="resume"):
    """Go on after this notification."""

    after: str


_ALLOWED = '{"type":"ping"}, {"type":"mark_read","ids":["…"]}, {"type":"resume","after":"<id>"}'
_decoder: msgspec.json.Decoder[Ping | MarkRead | Resume] = msgspec.json.Decoder(Ping | MarkRead | Resume)


class SocketClient(NotificationClient):
    """A raw WebSocket; a bad message is answered with an error and the connection stays open."""

    wire_format = RAW_DATA
    waits_for_resume = True

    def __init__(self, runtime: Runtime, *args: Any) -> None:
        super().__init__(runtime, *args)
        self._flood = FloodGate(MESSAGE_RATE, runtime.clock.monotonic())
        self._to_mark: set[str] = set()
        self._marking: asyncio.Task[None] | None = None

    def beat(self) -> bool:
        if not super().beat():
            return False
        self.tell("heartbeat", {"timestamp": self._timestamp()})
        return True

    def closed(self) -> None:
        super().closed()
        if self._marking is not None:
            self._marking.cancel()

    def on_text(self, data: bytes) -> None:
        try:
            if self._flood.admits(self._clock.monotonic()):
                self._handle(_decode(data))
        except RequestError as error:
            self._refuse(error)

    def on_binary(self, data: bytes) -> None:
        try:
            if self._flood.admits(self._clock.monotonic()):
                refuse_binary(data, _ALLOWED)
        except RequestError as error:
            self._refuse(error)

    def _handle(self, message: Ping | MarkRead | Resume) -> None:
        if isinstance(message, Ping):
            self.tell("pong", {"timestamp": self._timestamp()})
        elif isinstance(message, Resume):
            self._go_on(place_of("after", message.after))
        elif len(self._to_mark) + len(message.ids) > MAX_IDS:
            raise RequestError(ErrorCode.INVALID_INPUT, f"at most {MAX_IDS} ids are allowed at once")
        else:
            self._to_mark.update(message.ids)
            if self._marking is None:
                self._marking = asyncio.get_running_loop().create_task(self._mark())

    async def _mark(self) -> None:
        try:
            while self._to_mark:
                ids, self._to_mark = self._to_mark, set()
                await self._notifications.mark_read(self._principal, ids)
        except RequestError as error:
            self._refuse(error)
        finally:
            self._marking = None

    def _refuse(self, error: RequestError) -> None:
        self.tell("error", {"error": error.code.slug, "details": error.detail})


def _decode(data: bytes) -> Ping | MarkRead | Resume:
    """Return the message; RequestError says what was got and what is allowed."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        shown = data[:40].decode(errors="replace")
        raise RequestError(ErrorCode.INVALID_INPUT, f"got {shown!r} ({error}); allowed: {_ALLOWED}") from None
