"""Live prices over Socket.IO: the same rooms and payloads as the raw stream."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from server.auth.access import Access
from server.limits import Rate
from server.realtime.namespaces import Namespace
from server.realtime.sockets import Socket
from server.services.prices import PriceService


class PriceSubscription(Struct):
    """``subscription_type`` is strategy, stock or market."""

    subscription_type: str
    target: str


def register(namespace: Namespace, prices: PriceService) -> None:
    @namespace.on("subscribe_prices", payload=PriceSubscription, access=Access.MEMBER, rate=Rate(200, 20))
    def subscribe_prices(socket: Socket, request: PriceSubscription) -> dict[str, Any]:
        """Acknowledge with the present quotes; each change follows as ``price_update``."""
        target = prices.targets.find(request.subscription_type, request.target)
        prices.subscribe(socket, target)
        return prices.snapshot(target)

    @namespace.on("unsubscribe_prices", payload=PriceSubscription, access=Access.MEMBER, rate=Rate(200, 20))
    def unsubscribe_prices(socket: Socket, request: PriceSubscription) -> dict[str, Any]:
        target = prices.targets.find(request.subscription_type, request.target)
        prices.unsubscribe(socket, target)
        return {"subscription_type": request.subscription_type, "target": request.target}
