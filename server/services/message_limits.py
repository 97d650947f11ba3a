"""How often a user may write, over all connections of theirs."""

from __future__ import annotations

from server.clock import Clock
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets

MAX_KEPT = 20_000
"""Users remembered; one who is forgotten may write as much as one who has not written yet."""


class MessageLimits:
    """Counts what each user sends and changes; in each process for itself."""

    def __init__(self, clock: Clock, rate: Rate) -> None:
        self._clock = clock
        self._rate = rate
        self._buckets = TokenBuckets(rate, MAX_KEPT)

    def count(self, user_id: str) -> None:
        """Count a message or change; RequestError (rate_limited) when it is one too many."""
        wait = self._buckets.take(user_id, self._clock.monotonic())
        if wait:
            raise RequestError(
                ErrorCode.RATE_LIMITED,
                f"you may write {self._rate.per_second:g} messages a second, {self._rate.burst:g} at once,"
                " over all your connections",
                retry_after=round(wait, 3),
            )
