"""The documents of one server: made when first asked for, of what is registered by then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from handlers.documents.asyncapi import asyncapi
from handlers.documents.openapi import Rows, openapi
from server.realtime.registration import EventSpec

API_VERSION = "1"


class Library:
    """Both documents, as they are and as the bytes that are served."""

    def __init__(self, rows: Rows, at_root: Rows, events: Mapping[str | float, EventSpec]) -> None:
        self._rows = rows
        self._at_root = at_root
        self._events = events
        self._pages: dict[tuple[str, ...], bytes] = {}

    def page(self, what: tuple[str, ...], render: Callable[[], bytes]) -> bytes:
        """Return the page to read them, rendered when first asked for in this language with these styles."""
        if what not in self._pages:
            self._pages[what] = render()
        return self._pages[what]

    @cached_property
    def openapi(self) -> dict[str, Any]:
        return openapi(self._rows, self._at_root, API_VERSION)

    @cached_property
    def asyncapi(self) -> dict[str, Any]:
        return asyncapi(self._events, API_VERSION)

    @cached_property
    def openapi_json(self) -> bytes:
        return msgspec.json.encode(self.openapi)

    @cached_property
    def asyncapi_json(self) -> bytes:
        return msgspec.json.encode(self.asyncapi)
