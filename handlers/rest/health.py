"""Whether the server works, for load balancers and people."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access, require
from server.errors import RequestError


class FeedHealth(Struct):
    """Where quotes come from; ``stale``: nothing good was heard of it for long, as outside of trading hours."""

    source: str
    answering: str
    stale: bool
    quote_age_seconds: float | None


class CalendarHealth(Struct):
    """What the exchanges do now, and the years whose holidays are not known."""

    phase: str
    missing_holidays: list[int]


class HealthDetails(Struct):
    """What operators see of it; ``parts`` says ``ok`` or ``failed`` of each."""

    parts: dict[str, Literal["ok", "failed"]]
    draining: bool
    version: str
    uptime_seconds: float
    loop_lag_seconds: float
    feed: FeedHealth
    calendar: CalendarHealth


class Health(Struct):
    """``failed`` names what does not answer."""

    status: Literal["ok", "error"]
    failed: list[str] | UnsetType = UNSET
    details: HealthDetails | UnsetType = UNSET


class HealthHandler(ApiHandler):
    """Answers outside of the envelope; operators, and everybody in development, see the details."""

    access = Access.PUBLIC
    is_limited = False

    @operation(answers=Health, media_type="application/json", status=(200, 503))
    async def get(self) -> None:
        """Tell whether the server works: 200, or 503."""
        failed = await self.services.health.failed()
        body: dict[str, Any] = {"status": "error", "failed": failed} if failed else {"status": "ok"}
        if await self._may_see_details():
            body["details"] = self._details(failed)
        if failed:
            self.set_status(503)
        self.finish_json(body)

    async def _may_see_details(self) -> bool:
        if self.services.operator_without_token:
            return True
        try:
            require(Access.OPERATOR, await self.authenticate())
        except RequestError:
            return False
        return True

    def _details(self, failed: list[str]) -> dict[str, Any]:
        operation, health, market = self.services.operation, self.services.health, self.services.market_status
        present, age = market.present(), market.quote_age()
        feed = {name: present[name] for name in ("source", "answering", "stale")}
        return {
            "parts": {name: "failed" if name in failed else "ok" for name in health.parts},
            "draining": health.draining,
            "version": operation.version,
            "uptime_seconds": round(operation.uptime_seconds, 1),
            "loop_lag_seconds": round(operation.loop_lag.latest, 4),
            "feed": feed | {"quote_age_seconds": None if age is None else round(age, 1)},
            "calendar": {name: present[name] for name in ("phase", "missing_holidays")},
        }


class LiveHandler(ApiHandler):
    """That the process answers at all; whoever restarts processes asks this."""

    access = Access.PUBLIC
    is_limited = False

    @operation(answers=Health, media_type="application/json")
    async def get(self) -> None:
        """Tell that the process answers."""
        self.finish_json({"status": "ok"})


class ReadyHandler(ApiHandler):
    """Whether new clients should come here; whoever spreads them asks this."""

    access = Access.PUBLIC
    is_limited = False

    @operation(answers=Health, media_type="application/json", status=(200, 503))
    async def get(self) -> None:
        """Tell whether new clients should come here: 200, or 503."""
        failed = await self.services.health.hindrances()
        if failed:
            self.set_status(503)
            self.finish_json({"status": "error", "failed": failed})
        else:
            self.finish_json({"status": "ok"})
