"""Ids of everything that is stored."""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9a-f]{24}")


def is_id(text: str) -> bool:
    """Tell whether the text can be an id at all: 24 hexadecimal digits."""
    return _ID.fullmatch(text) is not None
