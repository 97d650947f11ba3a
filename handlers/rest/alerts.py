"""Price alerts."""

from __future__ import annotations

from msgspec import Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.alerts import AlertKind, AlertStatus, AlertView
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

    @operation(query=AlertsQuery, answers={"alerts": list[AlertView]})
    async def get(self, query: AlertsQuery) -> None:
        """List the caller's alerts."""
        self.answer({"alerts": await self.services.alerts.alerts(self.principal, query.status)})

    @operation(body=AlertBody, answers=AlertView, status=201, errors=(ErrorCode.CONFLICT,))
    async def post(self, body: AlertBody) -> None:
        """Make an alert."""
        self.answer(await self.services.alerts.create(self.principal, body.symbol, body.kind, body.value))


class AlertHandler(ApiHandler):
    access = Access.MEMBER

    @operation(body=AlertChange, answers=AlertView, errors=(ErrorCode.CONFLICT,))
    async def patch(self, alert_id: str, body: AlertChange) -> None:
        """Let an alert wait again, or for another value."""
        if body.active is False or (body.value is None and body.active is None):
            raise RequestError(ErrorCode.INVALID_INPUT, "got nothing to change; allowed are value and active: true")
        self.answer(await self.services.alerts.arm(self.principal, alert_id, body.value))

    @operation()
    async def delete(self, alert_id: str) -> None:
        """Delete an alert."""
        await self.services.alerts.remove(self.principal, alert_id)
        self.answer(None)
