"""The price stream, a raw WebSocket (product section 6): every message of it is here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

import msgspec

from handlers.streams.flood import FloodGate, refuse_binary
from handlers.streams.raw import Ping, RawStreamHandler, refuse
from server.clock import monotonic_at
from server.domain.quotes import shanghai_time
from server.domain.rooms import session_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.realtime.attendance import Attendance
from server.realtime.origins import OriginPolicy
from server.realtime.raw_client import RawClient
from server.realtime.runtime import Runtime
from server.services.prices import PriceService
from server.transport.connection import WebSocketConnection

Authenticate = Callable[[str], Awaitable[Principal]]

MESSAGE_RATE = Rate(burst=200, per_second=20)
"""Room for a whole set of subscriptions at once."""


class Subscribe(msgspec.Struct, tag="subscribe"):
    subscription_type: str
    target: str


class Unsubscribe(msgspec.Struct, tag="unsubscribe"):
    subscription_type: str
    target: str


_ALLOWED = (
    '{"type":"subscribe","subscription_type":"strategy"|"stock"|"market","target":"..."}, "unsubscribe" alike, '
    '{"type":"ping"}'
)
_decoder: msgspec.json.Decoder[Subscribe | Unsubscribe | Ping] = msgspec.json.Decoder(Subscribe | Unsubscribe | Ping)


class PriceClient(RawClient):
    """One connection of the stream; a bad message is answered with an error and the connection stays open."""

    def __init__(
        self, runtime: Runtime, connection: WebSocketConnection, prices: PriceService, attendance: Attendance
    ) -> None:
        super().__init__(runtime, connection)
        self._attendance = attendance
        self._clock = runtime.clock
        self._prices = prices
        self._flood = FloodGate(MESSAGE_RATE, runtime.clock.monotonic())

    def opened(self) -> None:
        self._say("connected", client_id=self.id, message="WebSocket连接成功")

    def closed(self) -> None:
        self._attendance.depart(self)

    def on_text(self, data: bytes) -> None:
        self.received += 1
        try:
            if self._flood.admits(self._clock.monotonic()):
                self._handle(_decode(data))
        except RequestError as error:
            self._refuse(error)

    def on_binary(self, data: bytes) -> None:
        self.received += 1
        try:
            if self._flood.admits(self._clock.monotonic()):
                refuse_binary(data, _ALLOWED)
        except RequestError as error:
            self._refuse(error)

    def _handle(self, message: Subscribe | Unsubscribe | Ping) -> None:
        if isinstance(message, Ping):
            self._say("pong")
            return
        target = self._prices.targets.find(message.subscription_type, message.target)
        named = {"subscription_type": message.subscription_type, "target": message.target}
        if isinstance(message, Subscribe):
            self._prices.subscribe(self, target)
            self._say("subscribed", **named, message="订阅成功")
            self.send({"type": "price_update", **self._prices.snapshot(target)})
        else:
            self._prices.unsubscribe(self, target)
            self._say("unsubscribed", **named, message="取消订阅成功")

    def _refuse(self, error: RequestError) -> None:
        self._say("error", error=error.code.slug, details=error.detail)

    def _say(self, kind: str, **fields: str) -> None:
        self.send({"type": kind, **fields, "timestamp": shanghai_time(self._clock.now())})


class PriceStreamHandler(RawStreamHandler):
    """``ws /ws/stock/prices``; with ``authenticate``, only for who brings a valid ``?token=``."""

    access: ClassVar[str] = "anyone, or members when prices_require_auth is set"

    def initialize(  # type: ignore[override]
        self,
        *,
        runtime: Runtime,
        origins: OriginPolicy,
        prices: PriceService,
        attendance: Attendance,
        authenticate: Authenticate | None,
    ) -> None:
        super().initialize(connections=runtime.connections, origins=origins)
        self._runtime = runtime
        self._prices = prices
        self._attendance = attendance
        self._authenticate = authenticate
        self._principal: Principal | None = None
        self._refusal: RequestError | None = None

    async def get(self) -> None:
        if self._authenticate is not None:
            try:
                self._principal = await self._authenticate(self.get_query_argument("token", ""))
            except RequestError as error:
                self._refusal = error
        await super().get()

    def took_over(self, connection: WebSocketConnection) -> None:
        if self._refusal is None:
            super().took_over(connection)
        else:
            refuse(connection, self._refusal.code.slug)

    def open_client(self, connection: WebSocketConnection) -> RawClient:
        client = PriceClient(self._runtime, connection, self._prices, self._attendance)
        user = "" if self._principal is None else self._principal.username
        self._attendance.arrive(client, "raw", user, self.request.remote_ip or "")
        if self._principal is not None:
            client.identity = self._principal.user_id
            client.join(session_room(self._principal.session_id))  # a logout expels it
            client.expire_at(monotonic_at(self._runtime.clock, self._principal.expires_at))
        return client


def _decode(data: bytes) -> Subscribe | Unsubscribe | Ping:
    """Return the message; RequestError says what was got and what is allowed."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise RequestError(ErrorCode.INVALID_INPUT, f"{error}; allowed: {_ALLOWED}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        shown = data[:40].decode(errors="replace")
        raise RequestError(ErrorCode.INVALID_INPUT, f"{shown!r} is not JSON ({error}); allowed: {_ALLOWED}") from None
