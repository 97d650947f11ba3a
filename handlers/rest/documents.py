"""The documents of the API, for programs."""

from __future__ import annotations

from typing import Any

from handlers.base import ApiHandler
from handlers.documents.library import Library
from handlers.operations import operation
from handlers.services import Services
from server.auth.access import Access


class DocumentHandler(ApiHandler):
    """Answers outside of the envelope."""

    access = Access.PUBLIC

    def initialize(self, services: Services, library: Library) -> None:  # type: ignore[override]
        super().initialize(services)
        self.library = library

    def finish_document(self, document: bytes) -> None:
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(document)


class OpenApiHandler(DocumentHandler):
    @operation(answers=dict[str, Any], media_type="application/json")
    async def get(self) -> None:
        """Show this document."""
        self.finish_document(self.library.openapi_json)


class AsyncApiHandler(DocumentHandler):
    @operation(answers=dict[str, Any], media_type="application/json")
    async def get(self) -> None:
        """Show the streams and events as an AsyncAPI document."""
        self.finish_document(self.library.asyncapi_json)
