"""The streams beside Socket.IO: where they are, and every message of them."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from handlers.events.outgoing import PriceUpdate
from handlers.streams import prices


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


class Stream(NamedTuple):
    """One stream: its path, what clients send, and what they are sent."""

    name: str
    path: str
    summary: str
    protocol: str
    incoming: tuple[type[Struct], ...]
    outgoing: tuple[type[Struct], ...]


STREAMS = (
    Stream(
        "prices",
        "/ws/stock/prices",
        "Live prices. With prices_require_auth it needs an access token (close code 4401).",
        "ws",
        (prices.Subscribe, prices.Unsubscribe, prices.Ping),
        (Connected, Subscribed, Unsubscribed, Quotes, Pong, Refused),
    ),
)
