"""Heads of requests: the ordinary ones are read as Tornado reads them, all others are left to it."""

from __future__ import annotations

import contextlib
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters, parse_int
from tornado.httputil import HTTPServerRequest, parse_request_start_line

from server.protocol.http_head import MAX_CACHED_BYTES, MAX_HEAD_BYTES, Head, Headers, UnusualRequestError, read_head

GET = b"GET /a/?b=c HTTP/1.1\r\n"
POST = b"POST /a/?b=c HTTP/1.1\r\n"
HOST = b"Host: h\r\n"
END = b"\r\n"
READ = Head(b"GET", b"/a/", b"b=c", Headers("h", None, "", 0, True), len(GET + HOST + END))


def read(**changes: Any) -> Head:
    """Return `READ` with some fields changed, its headers' too."""
    headers = {name: changes.pop(name) for name in Headers._fields if name in changes}
    return READ._replace(headers=READ.headers._replace(**headers), **changes)


ORDINARY = {
    GET + HOST: READ,
    GET + HOST + b"Cookie: a=1\r\nCookie: b=2\r\nAccept: */*\r\n": READ,
    GET + b"hOST:h\r\nConnection: Keep-Alive\r\nCONTENT-LENGTH: 0\r\n": READ,
    GET + b"Host:\t h \t\r\nX:\r\nX-Y_z!:  \t a  b \t\r\n": READ,
    b"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n": read(path=b"/", query=b"", host="[::1]:8000"),
    b"GET /?? HTTP/1.1\r\nHost:\r\n": read(path=b"/", query=b"?", host=""),
    b"GET /a%20b?c%3Dd&+=%00 HTTP/1.1\r\n" + HOST: read(path=b"/a%20b", query=b"c%3Dd&+=%00"),
    GET + HOST + b"Connection: close\r\n": read(keeps_alive=False),
    GET + HOST + b"Origin: https://o:8\r\n": read(origin="https://o:8"),
    GET + HOST + b"Origin:\r\n": read(origin=""),
    GET + HOST + b"Content-Type: Text/Plain ; charset=x\r\n": read(content_type="text/plain"),
    POST + HOST + b"Content-Length: 0012\r\n": read(method=b"POST", content_length=12),
    POST + b"Content-Length:0\r\n" + HOST: read(method=b"POST"),
    POST + HOST: read(method=b"POST"),
    GET + HOST + b"X: " + b"x" * MAX_CACHED_BYTES + b"\r\n": READ,
}

UNUSUAL = {
    "another method": b"PUT / HTTP/1.1\r\n" + HOST,
    "an unknown method": b"GETS / HTTP/1.1\r\n" + HOST,
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST,
    "an older version": b"GET / HTTP/1.0\r\n" + HOST,
    "a newer version": b"GET / HTTP/2.0\r\n" + HOST,
    "no version": b"GET /\r\n" + HOST,
    "an absolute target": b"GET http://h/ HTTP/1.1\r\n" + HOST,
    "an asterisk": b"GET * HTTP/1.1\r\n" + HOST,
    "a target with a space": b"GET /a b HTTP/1.1\r\n" + HOST,
    "two spaces": b"GET  / HTTP/1.1\r\n" + HOST,
    "a target that is not ASCII": b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST,
    "an empty line before": b"\r\n" + GET + HOST,
    "no headers": GET,
    "no Host": GET + b"Accept: x\r\n",
    "two Hosts": GET + HOST + HOST,
    "a Host with a comma": GET + b"Host: a,b\r\n",
    "a Host with a space": GET + b"Host: a b\r\n",
    "a Host with a path": GET + b"Host: a/b\r\n",
    "a Host with a user": GET + b"Host: a@b\r\n",
    "a lone LF": b"GET / HTTP/1.1\n" + HOST,
    "a lone LF between headers": GET + b"Accept: x\n" + HOST,
    "a lone CR": GET + HOST + b"X: a\rb\r\n",
    "a header that is not ASCII": GET + HOST + b"X: \xc3\xa4\r\n",
    "NUL": GET + HOST + b"X: a\0b\r\n",
    "DEL": GET + HOST + b"X: a\x7fb\r\n",
    "a folded line": GET + HOST + b"X: a\r\n b\r\n",
    "no colon": GET + HOST + b"X\r\n",
    "no name": GET + HOST + b": x\r\n",
    "a space before the colon": GET + HOST + b"Content-Length : 0\r\n",
    "a GET with a body": GET + HOST + b"Content-Length: 1\r\n",
    "two lengths": POST + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n",
    "two lengths in one": POST + HOST + b"Content-Length: 1, 1\r\n",
    "a signed length": POST + HOST + b"Content-Length: +1\r\n",
    "a negative length": POST + HOST + b"Content-Length: -1\r\n",
    "a length with an underscore": POST + HOST + b"Content-Length: 1_0\r\n",
    "a hexadecimal length": POST + HOST + b"Content-Length: 0x1\r\n",
    "an empty length": POST + HOST + b"Content-Length:\r\n",
    "an endless length": POST + HOST + b"Content-Length: 1" + b"0" * 5000 + b"\r\n",
    "chunks": POST + HOST + b"Transfer-Encoding: chunked\r\n",
    "chunks and a length": POST + HOST + b"Content-Length: 1\r\ntransfer-encoding: chunked\r\n",
    "no chunks": GET + HOST + b"Transfer-Encoding:\r\n",
    "an expectation": POST + HOST + b"Content-Length: 1\r\nExpect: 100-continue\r\n",
    "an upgrade": GET + HOST + b"Upgrade: websocket\r\n",
    "another Connection": GET + HOST + b"Connection: keep-alive, Upgrade\r\n",
    "two Connections": GET + HOST + b"Connection: close\r\nConnection: close\r\n",
    "two Origins": GET + HOST + b"Origin: http://a\r\nOrigin: http://b\r\n",
    "two content types": GET + HOST + b"Content-Type: a/b\r\nContent-type: a/c\r\n",
    "an encoded body": POST + HOST + b"Content-Length: 1\r\nContent-Encoding: gzip\r\n",
    "trailers": GET + HOST + b"TE: trailers\r\n",
    "a trailer": GET + HOST + b"Trailer: x\r\n",
}


@pytest.mark.parametrize(("data", "head"), ORDINARY.items())
def test_an_ordinary_head_is_read_whatever_follows_it(data: bytes, head: Head) -> None:
    expected = head._replace(size_bytes=len(data + END))
    for rest in (b"", b"\r\n", b"GET /", b"\xff\0" * 100_000):
        assert read_head(data + END + rest) == expected


@pytest.mark.parametrize("data", ORDINARY)
def test_nothing_is_read_before_the_head_is_whole(data: bytes) -> None:
    for end in range(len(data + END)):
        assert read_head((data + END)[:end]) is None


@pytest.mark.parametrize("data", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_an_unusual_head_is_left_to_others(data: bytes) -> None:
    with pytest.raises(UnusualRequestError):
        read_head(data + END)
    for end in range(1, len(data + END)):  # before it is whole that may not be known yet, but nothing else is read
        try:
            assert read_head((data + END)[:end]) is None
        except UnusualRequestError:
            continue


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\nHost: h\n\n", b"PUT ", b"\r\n", b"\x16\x03\x01", b"GET h", b"G\n"])
def test_what_has_no_ordinary_end_is_left_to_others_at_once(data: bytes) -> None:
    with pytest.raises(UnusualRequestError):
        read_head(data)


def test_a_head_is_bounded() -> None:
    start = GET + HOST + b"X: "
    longest = start + b"x" * (MAX_HEAD_BYTES - len(start) - 4) + b"\r\n\r\n"
    head = read_head(longest)
    assert head is not None and head.size_bytes == MAX_HEAD_BYTES
    assert read_head(longest[:-1]) is None
    for too_long in (longest[:-4] + b"x\r\n\r\n", longest[:-4] + b"xxxxx"):
        with pytest.raises(UnusualRequestError):
            read_head(too_long)


def cpu_seconds(data: bytes) -> float:
    start = time.process_time()
    with contextlib.suppress(UnusualRequestError):
        read_head(data)
    return time.process_time() - start


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"?" * 16000 + b"\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        GET + b"Host: a" + b" " * 16000 + b"b\r\n\r\n",
        GET + b"Host:" + b" " * 16000 + b"\xff\r\n\r\n",
        GET + b"a:\r\n" * 4000 + b"\xff\r\n\r\n",
        GET + b"Connection:close\r\n" * 800 + b"\r\n",
        GET + HOST + b"a" * 16000 + b"\r\n\r\n",
    ],
)
def test_no_head_takes_long(data: bytes) -> None:
    """A quadratic search took seconds for these; a hundred times what is needed is allowed."""
    assert min(cpu_seconds(data) for _ in range(3)) < 0.2


# As Tornado reads it.


def tornado_head(data: bytes) -> Head:
    """Read a whole head with the parts of `HTTP1Connection`."""
    connection: Any = SimpleNamespace(params=HTTP1ConnectionParameters())
    end = re.compile(rb"\r?\n\r?\n").search(data)
    assert end is not None
    line, headers = HTTP1Connection._parse_headers(connection, data[: end.end()])
    start = parse_request_start_line(line)
    request = HTTPServerRequest(start_line=start, headers=headers)
    assert "Transfer-Encoding" not in headers
    return Head(
        request.method.encode(),
        request.path.encode(),
        request.query.encode(),
        Headers(
            request.host,
            headers.get("Origin"),
            headers.get("Content-Type", "").split(";")[0].strip().lower(),
            parse_int(headers.get("Content-Length", "0")),
            HTTP1Connection._can_keep_alive(connection, start, headers),
        ),
        end.end(),
    )


@pytest.mark.parametrize("data", ORDINARY)
def test_tornado_reads_the_same(data: bytes) -> None:
    assert tornado_head(data + END) == read_head(data + END)


NAMES = ["Host", "Origin", "Content-Type", "Content-Length", "Connection", "TE", "Cookie", "X", "Y", "Z"]
VALUES = ["h", "h:80", "0", "1", "12", "close", "keep-alive", "a/b; c=d", "http://o", "chunked", "", "a, b", "ä"]
NOISE = [" ", "\t", "\r", "\n", "\0", ":", "\r\n", "\r\n ", ",", "?", "#", "\x7f", "\xff"]
NOISY = st.sampled_from([""] * 5 * len(NOISE) + NOISE)
HEADER = st.tuples(st.sampled_from(NAMES), NOISY, st.just(":"), NOISY, st.sampled_from(VALUES), NOISY).map("".join)
TARGET = st.builds("{}{}{}{}".format, st.sampled_from(["/", "/a", "/a?b=c", "/a?b=c&d", "*"]), NOISY, NOISY, NOISY)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Return something like a head: mostly right, with something odd here and there."""
    line = f"{draw(st.sampled_from(['GET', 'POST', 'GET', 'PUT']))} {draw(TARGET)} HTTP/1.1"
    lines = [line, "Host: h", *draw(st.lists(HEADER, max_size=3))]
    if line.startswith("P"):
        lines.append("Content-Length: 3")
    eol = draw(st.sampled_from(["\r\n"] * 9 + ["\n"]))
    return (eol.join(lines) + draw(st.sampled_from(["\r\n\r\n", eol * 2]))).encode("latin-1")


@given(heads(), st.binary(max_size=20))
def test_no_head_is_read_in_another_way_than_tornado_reads_it(data: bytes, rest: bytes) -> None:
    try:
        head = read_head(data + rest)
    except UnusualRequestError:
        return
    if head is not None:
        assert head == tornado_head(data + rest)


@given(st.sampled_from(list(ORDINARY)), st.data())
def test_a_changed_byte_is_read_as_tornado_reads_it(data: bytes, choice: st.DataObject) -> None:
    changed = bytearray(data + END)
    changed[choice.draw(st.integers(0, len(changed) - 1))] = choice.draw(st.integers(0, 255))
    try:
        head = read_head(bytes(changed))
    except UnusualRequestError:
        return
    if head is not None:
        assert head == tornado_head(bytes(changed))
