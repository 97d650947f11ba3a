"""Whether the server works, for load balancers and people."""

from __future__ import annotations

from handlers.base import ApiHandler
from server.auth.access import Access


class HealthHandler(ApiHandler):
    """Answers outside of the envelope."""

    access = Access.PUBLIC

    async def get(self) -> None:
        failed = await self.services.health.failed()
        if failed:
            self.set_status(503)
            self.finish_json({"status": "error", "failed": failed})
        else:
            self.finish_json({"status": "ok"})
