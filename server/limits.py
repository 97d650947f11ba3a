"""Rate limits as arithmetic: a token bucket holds two numbers and no timer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
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

    def give_back(self) -> None:
        """Undo one `take` that succeeded."""
        self._tokens = min(self._rate.burst, self._tokens + 1)


class TokenBuckets:
    """A bucket for each key, under one rate; beyond ``most`` the one not used for longest is forgotten."""

    def __init__(self, rate: Rate, most: int) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, now: float) -> float:
        """See `TokenBucket.take`."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now)

    def give_back(self, key: Hashable) -> None:
        """See `TokenBucket.give_back`."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.give_back()
