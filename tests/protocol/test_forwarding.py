"""Whose word is taken for where a request came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol.forwarding import NO_ADDRESS, UNIX, Client, TrustedProxies, peer_of

PROXY = "10.0.0.2"
TRUSTED = ("10.0.0.0/24", "192.0.2.7", "2001:db8::/32", UNIX)
STRANGER = "203.0.113.9"


def client(headers: dict[str, str], peer: str | None = PROXY, entries: tuple[str, ...] = TRUSTED) -> Client:
    return TrustedProxies(entries).client(peer, "http", headers)


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.9, 192.0.2.7", "198.51.100.1"),
        ("1.1.1.1,198.51.100.1,10.0.0.9", "198.51.100.1"),
        ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ("2001:db8::5", "2001:db8::5"),
        ("2001:DB9::5, 2001:db8::5", "2001:db9::5"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        # What cannot be read is not passed: who told it counts.
        ("198.51.100.1, unknown", PROXY),
        ("198.51.100.1, unknown, 10.0.0.9", "10.0.0.9"),
        ("unknown", PROXY),
        ("", PROXY),
        (" , ", PROXY),
        ("198.51.100.1:443", PROXY),
        ("198.51.100.1 evil", PROXY),
        ("fe80::1%" + "x" * 5000, PROXY),
        ("1" * 10_000, PROXY),
    ],
)
def test_the_right_most_address_that_is_not_trusted_counts(forwarded_for: str, address: str) -> None:
    assert client({"x-forwarded-for": forwarded_for}).address == address


def test_real_ip_counts_where_nothing_is_forwarded() -> None:
    assert client({"x-real-ip": "198.51.100.1"}).address == "198.51.100.1"
    assert client({"x-real-ip": "198.51.100.1", "x-forwarded-for": "198.51.100.2"}).address == "198.51.100.2"
    assert client({"x-real-ip": "198.51.100.1", "x-forwarded-for": ""}).address == PROXY
    assert client({"forwarded": "for=198.51.100.1"}).address == PROXY


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http", "http"), ("https,http", "http"), ("http, https", "https")]
    + [(other, "http") for other in ("", "wss", "javascript", "https ,", "on")],
)
def test_the_last_scheme_counts(proto: str, scheme: str) -> None:
    assert client({"x-forwarded-proto": proto}).scheme == scheme


SPOOFED = {"x-forwarded-for": "198.51.100.1", "x-real-ip": "198.51.100.1", "x-forwarded-proto": "https"}


@pytest.mark.parametrize("peer", [STRANGER, "10.0.1.2", "192.0.2.8", "2001:db9::1", "", "nonsense", "::ffff:10.0.1.2"])
def test_a_stranger_is_not_believed(peer: str) -> None:
    assert client(SPOOFED, peer) == (peer or NO_ADDRESS, "http")
    assert client(SPOOFED, PROXY, ()) == (PROXY, "http")


def test_a_unix_socket_is_trusted_when_it_is_listed() -> None:
    assert client(SPOOFED, None) == ("198.51.100.1", "https")
    assert client(SPOOFED, None, ("10.0.0.0/24",)) == (NO_ADDRESS, "http")
    assert client(SPOOFED, PROXY, (UNIX,)) == (PROXY, "http")
    assert (peer_of(""), peer_of(b""), peer_of(("127.0.0.1", 5))) == (None, None, "127.0.0.1")


def test_a_mapped_address_is_the_one_it_maps() -> None:
    assert client(SPOOFED, "::ffff:10.0.0.2").address == "198.51.100.1"


@pytest.mark.parametrize("entry", ["localhost", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "*", "unix:/run/x", ""])
def test_entries_that_are_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear to be|has host bits set"):
        TrustedProxies([entry])


def test_without_entries_nobody_is_trusted() -> None:
    assert not TrustedProxies()
    assert TrustedProxies([UNIX])
    assert TrustedProxies(["::1"])


@given(st.text(max_size=80))
def test_any_text_is_survived(text: str) -> None:
    found = client({"x-forwarded-for": text, "x-real-ip": text, "x-forwarded-proto": text})
    assert len(found.address) <= 64
    assert found.scheme in ("http", "https")
