"""JSON as JavaScript peers write it: orjson, and the standard library for the few values orjson refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from server.errors import PeerError

MAX_DEPTH = 200
"""How deep arrays and objects may nest. orjson can read 1024 levels but write only 254."""


def decode_json(data: bytes) -> Any:
    """Parse UTF-8 JSON; `PeerError` for anything that is not JSON or nests deeper than `MAX_DEPTH`.

    A lone surrogate (``"\\ud800"``), legal in JavaScript, is accepted.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if b"\\u" not in data:
            raise PeerError(f"not JSON: {error}") from None
        value = _read_plainly(data)
    if len(data) > 2 * MAX_DEPTH and data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    return value


def _read_plainly(data: bytes) -> Any:
    try:
        return json.loads(data.decode(), parse_constant=_refuse_constant, parse_float=_finite_float)
    except (ValueError, RecursionError) as error:
        raise PeerError(f"not JSON: {error}") from None


def encode_json(
    value: Any,
    default: Callable[[Any], Any] | None = None,
    restart: Callable[[], object] | None = None,
) -> bytes:
    """Write compact UTF-8 JSON. NaN and infinity become null; ``default`` is asked for types JSON has not.

    When the value has to be gone through a second time, ``restart`` is called first.

    Raises TypeError for a value that cannot be written, ValueError for one nested too deep.
    """
    try:
        return orjson.dumps(value, default)
    except TypeError:
        # Lone surrogates, integers over 64 bits and keys that are not text are beyond orjson.
        if restart is not None:
            restart()
        try:
            return _write_plainly(value, default)
        except RecursionError:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None


def _write_plainly(value: Any, default: Callable[[Any], Any] | None) -> bytes:
    text = json.dumps(value, default=default, separators=(",", ":"))
    if "NaN" in text or "Infinity" in text:  # perhaps a value, and then this is no JSON; perhaps a word in a text
        text = json.dumps(json.loads(text, parse_constant=lambda name: None), separators=(",", ":"))
    return text.encode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:50]} is too large a number")
    return value


def _check_depth(value: Any) -> None:
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            for child in (parent.values() if parent.__class__ is dict else parent)
            if child.__class__ is list or child.__class__ is dict
        ]
        if not level:
            return
    raise PeerError(f"JSON nests deeper than the {MAX_DEPTH} levels that are allowed")
