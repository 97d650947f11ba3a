"""The streams beside Socket.IO: where they are, and every message of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from handlers.events.outgoing import EVENTS, PriceUpdate, ServerTime, TaskProgress
from handlers.streams import notification_clients, prices
from handlers.streams.raw import Ping


class Connected(Struct, tag="connected"):
    """The first message."""

    client_id: str
    message: str
    timestamp: str


class Subscribed(Struct, tag="subscribed"):
    """The subscription holds; the present quotes follow."""

    subscription_type: str
    target: str
    message: str
    timestamp: str


class Unsubscribed(Struct, tag="unsubscribed"):
    """The subscription has ended."""

    subscription_type: str
    target: str
    message: str
    timestamp: str


class Quotes(PriceUpdate, tag="price_update"):
    """The quotes of a target that changed; the first time all of them."""


class Pong(Struct, tag="pong"):
    """The answer to a ping."""

    timestamp: str


class Refused(Struct, tag="error"):
    """What was wrong with a message; the connection stays open."""

    error: str
    details: str
    timestamp: str


class StreamOpened(Struct):
    """The first event: whose notifications these are."""

    client_id: str
    username: str
    timestamp: str


class StreamRefusal(Struct):
    """What was wrong with a message, or refused; the connection stays open."""

    error: str
    details: str


class StreamClosed(Struct):
    """The last event: why the stream ends, as a WebSocket would say it."""

    code: int
    reason: str


class Stream(NamedTuple):
    """One stream: its path, what clients send, and by name what they are sent.

    Where it ``holds_data``, what is sent is ``{type, data}``, and the shape is that of ``data``.
    """

    name: str
    path: str
    summary: str
    protocol: str
    incoming: tuple[type[Struct], ...]
    outgoing: Mapping[str, type[Struct]]
    holds_data: bool = False


def tagged(shapes: Iterable[type[Struct]]) -> dict[str, type[Struct]]:
    """Return shapes by what stands in their ``type``."""
    return {str(shape.__struct_config__.tag): shape for shape in shapes}


_OF_NOTIFICATIONS: dict[str, type[Struct]] = {
    "connected": StreamOpened,
    **{name: EVENTS[name] for name in ("notification", "notifications_read", "notifications_removed", "unread_counts")},
}
_OF_LIFE: dict[str, type[Struct]] = {"pong": ServerTime, "heartbeat": ServerTime}

STREAMS = (
    Stream(
        "prices",
        "/ws/stock/prices",
        "Live prices. With prices_require_auth it needs an access token (close code 4401).",
        "ws",
        (prices.Subscribe, prices.Unsubscribe, Ping),
        tagged((Connected, Subscribed, Unsubscribed, Quotes, Pong, Refused)),
    ),
    Stream(
        "task",
        "/api/ws/tasks/{task_id}",
        "Progress of a task, with ?token= and, to go on after an event, after_seq=; closed with 1000 when it is over.",
        "ws",
        (Ping,),
        {**dict.fromkeys(("progress", "completed", "error"), TaskProgress), **_OF_LIFE},
        holds_data=True,
    ),
    Stream(
        "notifications",
        "/api/ws/notifications",
        "The caller's notifications, with ?token= and, to go on after one, after=<id>.",
        "ws",
        (Ping, notification_clients.MarkRead, notification_clients.Resume),
        {**_OF_NOTIFICATIONS, **_OF_LIFE, "error": StreamRefusal},
        holds_data=True,
    ),
    Stream(
        "notification_events",
        "/api/notifications/stream",
        "The same as Server-Sent Events: each message is the data of the event of that name.",
        "sse",
        (),
        {**_OF_NOTIFICATIONS, "closed": StreamClosed},
    ),
)
