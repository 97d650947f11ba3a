"""Who counts as sitting at this machine: exactly the conditions of the product."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders

from handlers.loopback import is_direct_from_loopback
from server.protocol.forwarding import NO_ADDRESS

HOST = {"Host": "localhost:8000"}


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("127.0.0.1", HOST),
        ("127.0.0.2", HOST),
        ("::1", {"Host": "[::1]:8000"}),
        ("::ffff:127.0.0.1", HOST),
        ("127.0.0.1", {"Host": "127.0.0.1"}),
        ("127.0.0.1", {"Host": "LocalHost"}),
        ("127.0.0.1", {"Host": "[::1]"}),
        ("127.0.0.1", HOST | {"Origin": "http://localhost:8000"}),
        ("127.0.0.1", HOST | {"Origin": "HTTP://LOCALHOST:8000"}),
        ("127.0.0.1", HOST | {"X-Requested-With": "x", "Via": "1.1 x", "Cookie": "a=b"}),
    ],
)
def test_who_does(address: str, headers: dict[str, str]) -> None:
    assert is_direct_from_loopback(address, "http", HTTPHeaders(headers))


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        # Not from this machine, or from a unix socket.
        ("192.0.2.1", HOST),
        ("10.0.0.1", HOST),
        (NO_ADDRESS, HOST),
        ("::", HOST),
        ("::ffff:192.0.2.1", HOST),
        ("", HOST),
        (None, HOST),
        ("localhost", HOST),
        # A name that was made to point here.
        ("127.0.0.1", {}),
        ("127.0.0.1", {"Host": ""}),
        ("127.0.0.1", {"Host": "evil.example"}),
        ("127.0.0.1", {"Host": "localhost.evil.example"}),
        ("127.0.0.1", {"Host": "localhost."}),
        ("127.0.0.1", {"Host": "evil.example:8000"}),
        ("127.0.0.1", {"Host": "127.0.0.1.evil.example"}),
        ("127.0.0.1", {"Host": "127.0.0.2"}),
        ("127.0.0.1", {"Host": "127x0.0.1"}),
        ("127.0.0.1", {"Host": "localhost:8000, evil.example"}),
        ("127.0.0.1", {"Host": "localhost:"}),
        ("127.0.0.1", {"Host": "localhost:80a"}),
        ("127.0.0.1", {"Host": "user@localhost"}),
        ("127.0.0.1", {"Host": "localhost:8000\n"}),
        ("::1", {"Host": "::1"}),
        ("::1", {"Host": "[::2]"}),
        # A page of somebody else.
        ("127.0.0.1", HOST | {"Origin": "http://evil.example"}),
        ("127.0.0.1", HOST | {"Origin": "null"}),
        ("127.0.0.1", HOST | {"Origin": ""}),
        ("127.0.0.1", HOST | {"Origin": "http://localhost:5173"}),
        ("127.0.0.1", HOST | {"Origin": "http://localhost"}),
        ("127.0.0.1", HOST | {"Origin": "https://localhost:8000"}),
        ("127.0.0.1", HOST | {"Origin": "http://127.0.0.1:8000"}),
        ("127.0.0.1", HOST | {"Origin": "http://localhost:8000, http://evil.example"}),
        # A proxy in between.
        ("127.0.0.1", HOST | {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", HOST | {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", HOST | {"X-Forwarded-Proto": "http"}),
        ("127.0.0.1", HOST | {"X-Forwarded-Host": "localhost"}),
        ("127.0.0.1", HOST | {"X-Forwarded-Anything": ""}),
        ("127.0.0.1", HOST | {"x-forwarded-for": ""}),
        ("127.0.0.1", HOST | {"X-Real-IP": "127.0.0.1"}),
        ("127.0.0.1", HOST | {"x-real-ip": ""}),
    ],
)
def test_who_does_not(address: str | None, headers: dict[str, str]) -> None:
    assert not is_direct_from_loopback(address, "http", headers)
    if headers.get("Host", "x").isprintable():
        assert not is_direct_from_loopback(address, "http", HTTPHeaders(headers))


def test_the_scheme_belongs_to_the_origin() -> None:
    headers = HOST | {"Origin": "https://localhost:8000"}
    assert is_direct_from_loopback("127.0.0.1", "https", headers)
