"""Whether the server works, for load balancers and people."""

from __future__ import annotations

from typing import Any

from handlers.base import ApiHandler
from server.auth.access import Access, require
from server.errors import RequestError


class HealthHandler(ApiHandler):
    """Answers outside of the envelope; operators, and everybody in development, see the details."""

    access = Access.PUBLIC

    async def get(self) -> None:
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
        operation, health = self.services.operation, self.services.health
        return {
            "parts": {name: "failed" if name in failed else "ok" for name in health.parts},
            "draining": health.draining,
            "version": operation.version,
            "uptime_seconds": round(operation.uptime_seconds, 1),
            "loop_lag_seconds": round(operation.loop_lag.latest, 4),
        }


class LiveHandler(ApiHandler):
    """That the process answers at all; whoever restarts processes asks this."""

    access = Access.PUBLIC

    async def get(self) -> None:
        self.finish_json({"status": "ok"})


class ReadyHandler(ApiHandler):
    """Whether new clients should come here; whoever spreads them asks this."""

    access = Access.PUBLIC

    async def get(self) -> None:
        failed = ["draining"] if self.services.health.draining else await self.services.health.failed()
        if failed:
            self.set_status(503)
            self.finish_json({"status": "error", "failed": failed})
        else:
            self.finish_json({"status": "ok"})
