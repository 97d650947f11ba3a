"""For operators: push prices now, and see who is connected and what flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.service_keys import Scope
from server.realtime.attendance import Visit
from server.services.price_targets import SubscriptionType, subscriptions_of

MAX_CLIENTS_SHOWN = 1000


class PushQuery(Struct):
    strategy: str = "volume_wave"


class ClientsQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    offset: Annotated[int, Meta(ge=0, le=10**9)] = 0
    limit: Annotated[int, Meta(ge=1)] = 100


class PushPricesHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.PRICES
    audited: ClassVar[Mapping[str, str]] = {"POST": "prices.push"}
    audited_fields = ("strategy",)
    max_body_bytes: ClassVar[int] = 1 << 20

    async def post(self) -> None:
        prices = self.services.prices
        target = prices.targets.strategy(self.query(PushQuery).strategy)
        body = self.request.body.strip()
        pushed = await prices.push_now(target, await prices.read_posted(body) if body else None)
        self.answer({"strategy": target.name, **pushed._asdict()})


class WebSocketStatsHandler(ApiHandler):
    access = Access.OPERATOR

    async def get(self) -> None:
        traffic, counts = self.services.attendance.traffic(), self.services.prices.count_subscriptions()
        self.answer(
            {
                "connections": {
                    "total_connections": traffic.connections,
                    "active_connections": traffic.active,
                    "total_subscriptions": self.services.prices.subscriptions_made,
                    "messages_sent": traffic.sent,
                    "messages_received": traffic.received,
                },
                "subscriptions": {
                    "total_subscriptions": counts.subscriptions,
                    "total_clients": counts.clients,
                    "total_targets": sum(counts.targets.values()),
                    **{f"{kind.value}_targets": counts.targets[kind] for kind in SubscriptionType},
                },
            }
        )


class WebSocketClientsHandler(ApiHandler):
    access = Access.OPERATOR

    async def get(self) -> None:
        query, attendance = self.query(ClientsQuery), self.services.attendance
        visits = attendance.visits(query.offset, min(query.limit, MAX_CLIENTS_SHOWN))
        self.answer({"total": len(attendance), "clients": [_shown(visit) for visit in visits]})


def _shown(visit: Visit) -> dict[str, Any]:
    client = visit.client
    known = {"user": visit.user, "address": visit.address}
    return {
        "client_id": client.id,
        "transport": visit.transport,
        **{name: value for name, value in known.items() if value},
        "connected_at": to_payload(visit.connected_at),
        "subscriptions": [
            {"subscription_type": target.subscription_type.value, "target": target.name}
            for target in subscriptions_of(client.rooms)
        ],
        "messages_sent": client.sent,
        "messages_received": client.received,
    }
