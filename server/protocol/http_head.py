"""The head of an HTTP/1.1 request of which nothing is unusual (RFC 9112, sections 3 and 5).

Whatever is not plainly right is left to Tornado's parser, which is the reference: nothing is refused here, and no
request is read here in another way than there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEAD_BYTES = 16384
"""A head that is not whole by then is unusual."""


class Head(NamedTuple):
    """A GET or POST; of its headers those that matter to a poll."""

    method: bytes
    path: bytes
    query: bytes
    host: str
    origin: str | None
    content_type: str
    content_length: int
    keeps_alive: bool
    size_bytes: int
    """How many bytes the head takes, its empty line included."""


class UnusualRequestError(Exception):
    """The bytes may well be a request, but not one that is read here."""


_REQUEST = re.compile(
    rb"(GET|POST) (/[!-~]*?)(?:\?([!-~]*))? HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n"
)
_HEADER = re.compile(
    rb"(?im)^(host|origin|content-type|content-length|connection|transfer-encoding|expect|upgrade"
    rb"|content-encoding|te|trailer):[\t ]*(.*?)[\t ]*\r$"
)
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"content-encoding", b"te", b"trailer"})


def read_head(data: bytes) -> Head | None:
    """Read the head at the beginning of ``data``; None while it is not whole.

    Raises `UnusualRequestError` for everything that is not read here.
    """
    found = _REQUEST.match(data)
    if found is None:
        if b"\r\n\r\n" in data or len(data) > MAX_HEAD_BYTES or not _may_begin(data):
            raise UnusualRequestError
        return None
    headers: dict[bytes, bytes] = {}
    for name, value in _HEADER.findall(found[4]):
        lower = name.lower()
        if lower in headers or lower in _UNUSUAL:
            raise UnusualRequestError
        headers[lower] = value
    return _check(found, headers)


def _may_begin(data: bytes) -> bool:
    """Tell whether what has come can still become a GET or POST."""
    return any(data.startswith(method[: len(data)]) for method in (b"GET /", b"POST /"))


def _check(found: re.Match[bytes], headers: dict[bytes, bytes]) -> Head:
    length = headers.get(b"content-length", b"0")
    connection = headers.get(b"connection", b"").lower()
    host = headers.get(b"host")
    if (
        host is None
        or not (length.isdigit() and len(length) < 16)
        or connection not in (b"", b"keep-alive", b"close")
        or (found[1] == b"GET" and length != b"0")
        or (found[1] == b"POST" and b"content-length" not in headers)
    ):
        raise UnusualRequestError
    origin = headers.get(b"origin")
    return Head(
        found[1],
        found[2],
        found[3] or b"",
        host.decode(),
        None if origin is None else origin.decode(),
        headers.get(b"content-type", b"").decode().partition(";")[0].strip().lower(),
        int(length),
        connection != b"close",
        found.end(),
    )
