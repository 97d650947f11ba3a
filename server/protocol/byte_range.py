"""The part of a file that a Range header asks for (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class ByteRange(NamedTuple):
    """The bytes from ``begin`` up to ``end``; none when the two are equal."""

    begin: int
    end: int


def byte_range(header: str | None, size: int) -> ByteRange | None:
    """Return the part that is asked for; None: the whole, as for several ranges and for what cannot be understood.

    An empty part means that there is nothing there to give (416).
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        return ByteRange(size - min(int(match[2]), size), size)
    begin = int(match[1])
    end = min(int(match[2]) + 1, size) if match[2] else size
    if match[2] and int(match[2]) < begin:
        return None
    return ByteRange(begin, end) if begin < end else ByteRange(size, size)
