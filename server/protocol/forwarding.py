"""Where a request came from when a proxy brought it: its headers are believed from those that are trusted alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

UNIX = "unix:"
"""Whoever connects to the unix socket."""

NO_ADDRESS = "0.0.0.0"  # noqa: S104
"""What Tornado calls the client of a unix socket."""


MAX_CHARACTERS = 64
"""No address is longer."""


class Client(NamedTuple):
    """Where a request came from: an address, and the scheme that was used there."""

    address: str
    scheme: str


def peer_of(address: object) -> str | None:
    """Return who is at the other end of a socket, by what ``accept`` says; None is the client of a unix socket."""
    return str(address[0]) if isinstance(address, tuple) else None


class TrustedProxies:
    """Knows who is trusted, by address; a proxy that adds to X-Forwarded-For need not be the last one.

    The headers are X-Forwarded-For, else X-Real-IP, for the address, and X-Forwarded-Proto for the scheme.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """Raises ValueError for what is neither an address, nor a network, nor `UNIX`."""
        entries = tuple(entries)
        self._networks = tuple(ip_network(entry) for entry in entries if entry != UNIX)
        self._trusts_unix = UNIX in entries
        self._trusts_peer = lru_cache(maxsize=1024)(self._holds)

    def __bool__(self) -> bool:
        return self._trusts_unix or bool(self._networks)

    def trusts(self, peer: str | None) -> bool:
        """Tell whether what ``peer`` says is believed; None is the client of a unix socket."""
        return self._trusts_unix if peer is None else self._trusts_peer(peer)

    def _holds(self, text: str) -> bool:
        address = _parse(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def client(self, peer: str | None, scheme: str, headers: Mapping[str, str]) -> Client:
        """Return who sent what ``peer`` brought by ``scheme``; the names in ``headers`` are in lower case."""
        direct = Client(peer or NO_ADDRESS, scheme)
        if not self.trusts(peer):
            return direct
        address = self._address(direct.address, headers.get("x-forwarded-for"), headers.get("x-real-ip"))
        return Client(address, self.scheme(peer, scheme, headers.get("x-forwarded-proto")))

    def scheme(self, peer: str | None, scheme: str, forwarded: str | None) -> str:
        """Return the scheme that the client used; ``forwarded`` is what X-Forwarded-Proto says."""
        if not forwarded or not self.trusts(peer):
            return scheme
        last = forwarded.rpartition(",")[2].strip().lower()
        return last if last in ("http", "https") else scheme

    def _address(self, peer: str, forwarded_for: str | None, real_ip: str | None) -> str:
        """Return the right-most address that is not trusted; where one cannot be read, who told it counts."""
        said = real_ip if forwarded_for is None else forwarded_for
        client = peer
        for text in reversed((said or "").split(",")):
            address = _parse(text.strip())
            if address is None:
                return client
            client = str(address)
            if not self._trusts_peer(client):
                return client
        return client


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, an IPv4 one that came over IPv6 as what it is; None for any other text."""
    try:
        address = ip_address(text) if len(text) <= MAX_CHARACTERS else None
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
