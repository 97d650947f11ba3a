"""Domain values as what JSON and msgpack can carry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


def to_payload(value: object) -> Any:
    """Turn domain values into dicts, lists and plain values; absent optionals are left out.

    Times become ISO 8601 with milliseconds and offset (``2026-01-31T08:00:00.000+00:00``), which msgspec itself
    would write with ``Z``.
    """
    return _with_times(msgspec.to_builtins(value, builtin_types=(datetime,)))


def _with_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_times(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value
