"""The figures for Prometheus, with and without a guard."""

from __future__ import annotations

from tornado.web import RequestHandler

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.service_keys import Scope
from server.operation.exposition import CONTENT_TYPE, Exposition


class MetricsHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.METRICS
    is_limited = False

    @operation(media_type="text/plain")
    async def get(self) -> None:
        """Show the figures for Prometheus."""
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(self.services.operation.exposition.text())


class OpenMetricsHandler(RequestHandler):
    """The same on the address of its own (`metrics_address`), which only the network guards."""

    def initialize(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(self._exposition.text())

    def compute_etag(self) -> str | None:
        return None
