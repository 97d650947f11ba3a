"""Telling a caller that something is done too often."""

from __future__ import annotations

import math
from ipaddress import IPv6Network, ip_address

from server.clock import Clock
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets

MAX_CALLERS = 20_000
"""How many callers are remembered; the memory of them is bounded."""

SECONDS_AT_ONCE = 4
_HOST_BITS = 64


class ReadLimits:
    """How often each caller may read: ``per_second``, and what some seconds allow at once; 0 does not limit."""

    def __init__(self, clock: Clock, per_second: int = 0) -> None:
        self._clock = clock
        rate = Rate(per_second * SECONDS_AT_ONCE, per_second)
        self._buckets = TokenBuckets(rate, MAX_CALLERS) if per_second else None

    def count(self, caller: str) -> None:
        """Count a read of a user, a key or an address; RequestError (rate_limited) when it is one too many."""
        if self._buckets is not None:
            count_attempt(self._buckets, caller, self._clock.monotonic(), "reads")


def count_attempt(buckets: TokenBuckets, key: str, now: float, what: str) -> None:
    """Count one of ``what`` against the bucket of ``key``; RequestError (rate_limited) when it is one too many."""
    wait = buckets.take(key, now)
    if wait:
        seconds = math.ceil(wait)
        raise RequestError(ErrorCode.RATE_LIMITED, f"too many {what}; try again in {seconds} s", retry_after=seconds)


def network_of(address: str) -> str:
    """Return what one client is taken for: its IPv4 address, or the IPv6 network of which it has every address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # of a unix socket, for example
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), _HOST_BITS), strict=False))
