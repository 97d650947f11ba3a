"""What is allowed here, so that a client can say so before somebody tries."""

from __future__ import annotations

from msgspec import Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.file_types import FILE_TYPES
from server.domain.payloads import to_payload


class Limits(Struct):
    """``recall_window`` counts seconds; a file without an extension listed here is taken when it is UTF-8 text."""

    max_file_size: int
    file_extensions: list[str]
    recall_window: float


class LimitsHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers=Limits)
    async def get(self) -> None:
        """Show what the operator allows members."""
        limits = Limits(
            max_file_size=self.services.uploads.max_file_bytes,
            file_extensions=[extension for kind in FILE_TYPES for extension in kind.extensions],
            recall_window=self.services.changes.recall_window.total_seconds(),
        )
        self.answer(to_payload(limits))
