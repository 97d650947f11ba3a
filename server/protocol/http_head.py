"""The head of an HTTP/1.1 request of which nothing is unusual (RFC 9112, sections 3 and 5).

Whatever is not plainly right is left to Tornado's parser, which is the reference: nothing is refused here, and no
request is read here in another way than there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    websocket_key: str | None = None
    """Of a request to switch to WebSocket (RFC 6455, section 4.2.1)."""
    forwarded_proto: str = ""
    """What a proxy says of the scheme (see `TrustedProxies`)."""


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
    rb"|content-encoding|te|trailer|x-forwarded-proto|sec-websocket-(?:key|version|protocol)):(.*)\r$"
)
_HOST = re.compile(rb"[0-9A-Za-z_.~:\[\]-]*")
_KEY = re.compile(rb"[0-9A-Za-z+/]{22}==")
_UNUSUAL = frozenset(
    {b"transfer-encoding", b"expect", b"content-encoding", b"te", b"trailer", b"sec-websocket-protocol"}
)

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
    is_known = len(block) <= MAX_CACHED_BYTES and b"Sec-WebSocket-Key:" not in block  # each key is new
    headers = _read_known(block) if is_known else _read_headers(block)
    method = line[1]
    if headers.content_length if method == b"GET" else headers.websocket_key is not None:
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
    websocket_key = _read_upgrade(headers, connection)
    host = headers.get(b"host")
    if (
        host is None
        or not _HOST.fullmatch(host)
        or not (length.isdigit() and len(length) < 16)
        or (websocket_key is None and connection not in (b"", b"keep-alive", b"close"))
    ):
        raise UnusualRequestError
    origin = headers.get(b"origin")
    return Headers(
        host.decode(),
        None if origin is None else origin.decode(),
        headers.get(b"content-type", b"").decode().partition(";")[0].strip().lower(),
        int(length),
        connection != b"close",
        websocket_key,
        headers.get(b"x-forwarded-proto", b"").decode(),
    )


def _read_upgrade(headers: Mapping[bytes, bytes], connection: bytes) -> str | None:
    upgrade, key = headers.get(b"upgrade"), headers.get(b"sec-websocket-key")
    if upgrade is None and key is None:
        return None
    if (
        upgrade is None
        or key is None
        or upgrade.lower() != b"websocket"
        or connection.replace(b" ", b"") not in (b"upgrade", b"keep-alive,upgrade")
        or headers.get(b"sec-websocket-version") != b"13"
        or not _KEY.fullmatch(key)
    ):
        raise UnusualRequestError
    return key.decode()


lower_name = lru_cache(maxsize=256)(str.lower)
"""The name of a header in lower case; most clients send the same ones, which are then kept once."""


def read_fields(head: bytes) -> dict[str, str]:
    """Return all headers of a head that `read_head` has read, their names in lower case; of several all values."""
    fields: dict[str, str] = {}
    for line in head.decode().split("\r\n")[1:-2]:
        name, _, value = line.partition(":")
        name, value = lower_name(name), value.strip(" \t")
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


# A client sends the same headers with every poll, and clients of one kind send the same: to find them costs a tenth.
_read_known = lru_cache(maxsize=512)(_read_headers)
