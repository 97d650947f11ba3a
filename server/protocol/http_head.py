"""The head of an HTTP/1.1 request of which nothing is unusual (RFC 9112, sections 3 and 5).

Whatever is not plainly right is left to Tornado's parser, which is the reference: nothing is refused here, and no
request is read here in another way than there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

MAX_HEAD_BYTES = 16384
"""A head that is not whole by then is unusual."""


class Headers(NamedTuple):
    """Those headers that matter to a poll."""

    host: str
    origin: str | None
    content_type: str
    content_length: int
    keeps_alive: bool


class Head(NamedTuple):
    """A GET or POST."""

    method: bytes
    path: bytes
    query: bytes
    headers: Headers
    size_bytes: int
    """How many bytes the head takes, its empty line included."""


class UnusualRequestError(Exception):
    """The bytes may well be a request, but not one that is read here."""


# None of these goes back over what it has read: the time a head takes grows with its length only.
_LINE = re.compile(rb"(GET|POST) (/[!->@-~]*)(?:\?([!-~]*))? HTTP/1\.1\r\n")
_BLOCK = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+")
_HEADER = re.compile(
    rb"(?im)^(host|origin|content-type|content-length|connection|transfer-encoding|expect|upgrade"
    rb"|content-encoding|te|trailer):(.*)\r$"
)
_HOST = re.compile(rb"[0-9A-Za-z_.~:\[\]-]*")
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"content-encoding", b"te", b"trailer"})

MAX_CACHED_BYTES = 2048
"""A longer block of headers is read anew each time."""


def read_head(data: bytes) -> Head | None:
    """Read the head at the beginning of ``data``; None while it is not whole.

    Raises `UnusualRequestError` for everything that is not read here.
    """
    end = data.find(b"\r\n\r\n") + 4
    if end < 4:
        if len(data) > MAX_HEAD_BYTES or not _may_begin(data):
            raise UnusualRequestError
        return None
    line = _LINE.match(data)
    if line is None or end > MAX_HEAD_BYTES:
        raise UnusualRequestError
    block = data[line.end() : end - 2]
    headers = _read_known(block) if len(block) <= MAX_CACHED_BYTES else _read_headers(block)
    method = line[1]
    if method == b"GET" and headers.content_length:
        raise UnusualRequestError
    return Head(method, line[2], line[3] or b"", headers, end)


def _may_begin(data: bytes) -> bool:
    """Tell whether what has come can still become a GET or POST whose every line ends with CR and LF."""
    return data.count(b"\n") == data.count(b"\r\n") and any(
        data.startswith(method[: len(data)]) for method in (b"GET /", b"POST /")
    )


def _read_headers(block: bytes) -> Headers:
    if not _BLOCK.fullmatch(block):
        raise UnusualRequestError
    headers: dict[bytes, bytes] = {}
    for name, value in _HEADER.findall(block):
        lower = name.lower()
        if lower in headers or lower in _UNUSUAL:
            raise UnusualRequestError
        headers[lower] = value.strip(b" \t")
    length = headers.get(b"content-length", b"0")
    connection = headers.get(b"connection", b"").lower()
    host = headers.get(b"host")
    if (
        host is None
        or not _HOST.fullmatch(host)
        or not (length.isdigit() and len(length) < 16)
        or connection not in (b"", b"keep-alive", b"close")
    ):
        raise UnusualRequestError
    origin = headers.get(b"origin")
    return Headers(
        host.decode(),
        None if origin is None else origin.decode(),
        headers.get(b"content-type", b"").decode().partition(";")[0].strip().lower(),
        int(length),
        connection != b"close",
    )


# A client sends the same headers with every poll, and clients of one kind send the same: to find them costs a tenth.
_read_known = lru_cache(maxsize=512)(_read_headers)
