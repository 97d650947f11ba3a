"""What the product says by a key of its catalogue, so that who reads it can be shown it in any of the languages."""

from __future__ import annotations

from msgspec import Struct

Value = str | int | float


class KnownText(Struct, frozen=True):
    """The key of a text, and what fills its placeholders."""

    key: str
    values: dict[str, Value] = {}
