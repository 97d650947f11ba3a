"""Whether the server works, for load balancers and people."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access


class Health(Struct):
    """``failed`` names what does not answer."""

    status: Literal["ok", "error"]
    failed: list[str] | UnsetType = UNSET


class HealthHandler(ApiHandler):
    """Answers outside of the envelope."""

    access = Access.PUBLIC

    @operation(answers=Health, media_type="application/json", also=(503,))
    async def get(self) -> None:
        """Tell whether the server works: 200, or 503."""
        failed = await self.services.health.failed()
        if failed:
            self.set_status(503)
            self.finish_json({"status": "error", "failed": failed})
        else:
            self.finish_json({"status": "ok"})
