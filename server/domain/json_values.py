"""JSON that came from somebody and is handed on to others."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 64
UNPORTABLE = f"a number beyond 64 bits, or something nested deeper than {MAX_DEPTH}"
"""What is not portable."""

_LEAST, _MOST = -(2**63), 2**63 - 1


def is_portable(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Tell whether every client can read it: no number beyond 64 bits, nothing nested deeper than ``depth``."""
    if isinstance(value, int):
        return _LEAST <= value <= _MOST
    if isinstance(value, dict):
        return depth > 0 and all(is_portable(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return depth > 0 and all(is_portable(item, depth - 1) for item in value)
    return True
