"""Price alerts."""

from __future__ import annotations

from msgspec import Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.alerts import AlertKind, AlertStatus
from server.errors import ErrorCode, RequestError


class AlertsQuery(Struct):
    status: AlertStatus | None = None


class AlertBody(Struct):
    symbol: str
    kind: AlertKind
    value: float


class AlertChange(Struct):
    value: float | None = None
    active: bool | None = None


class AlertsHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        status = self.query(AlertsQuery).status
        self.answer({"alerts": await self.services.alerts.alerts(self.principal, status)})

    async def post(self) -> None:
        body = self.body(AlertBody)
        alert = await self.services.alerts.create(self.principal, body.symbol, body.kind, body.value)
        self.answer(alert, status=201, message="rest.created")


class AlertHandler(ApiHandler):
    access = Access.MEMBER

    async def patch(self, alert_id: str) -> None:
        change = self.body(AlertChange)
        if change.active is False or (change.value is None and change.active is None):
            raise RequestError(ErrorCode.INVALID_INPUT, "got nothing to change; allowed are value and active: true")
        self.answer(await self.services.alerts.arm(self.principal, alert_id, change.value))

    async def delete(self, alert_id: str) -> None:
        await self.services.alerts.remove(self.principal, alert_id)
        self.answer(None)
