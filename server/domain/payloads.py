"""Domain values as what JSON and msgpack can carry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

_HOLD_TIMES = frozenset({dict, list, datetime})


def to_payload(value: object) -> Any:
    """Turn domain values into dicts, lists and plain values; absent optionals are left out.

    Times become ISO 8601 with milliseconds and offset (``2026-01-31T08:00:00.000+00:00``), which msgspec itself
    would write with ``Z``.
    """
    return _with_times(msgspec.to_builtins(value, builtin_types=(datetime,)))


def _with_times(value: Any) -> Any:
    """Return a value with its times as text; a dict or a list, which is nobody else's yet, is changed in place."""
    kind = type(value)
    if kind is datetime:
        return value.isoformat(timespec="milliseconds")
    if kind is dict:
        for key, item in value.items():
            if type(item) in _HOLD_TIMES:
                value[key] = _with_times(item)
    elif kind is list:
        for index, item in enumerate(value):
            if type(item) in _HOLD_TIMES:
                value[index] = _with_times(item)
    return value
