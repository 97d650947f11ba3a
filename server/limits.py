"""Rate limits as arithmetic: a token bucket holds two numbers and no timer."""

from __future__ import annotations

from typing import NamedTuple


class Rate(NamedTuple):
    """At most ``burst`` at once, refilled at ``per_second``."""

    burst: float
    per_second: float


class TokenBucket:
    """One client's allowance under one `Rate`."""

    __slots__ = ("_rate", "_tokens", "_updated")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._updated = now

    def take(self, now: float) -> float:
        """Take one token at ``now`` (monotonic seconds); return 0.0, or the seconds until one is there."""
        rate = self._rate
        tokens = min(rate.burst, self._tokens + (now - self._updated) * rate.per_second)
        self._updated = now
        if tokens >= 1:
            self._tokens = tokens - 1
            return 0.0
        self._tokens = tokens
        return (1 - tokens) / rate.per_second
