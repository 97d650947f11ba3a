"""What a stream does with a client that says more than it may, or what it may not."""

from __future__ import annotations

from typing import NoReturn

from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBucket

_REFUSALS_BEFORE_SILENCE = 3


class FloodGate:
    """Counts the messages of one client; of those too many a few are refused, and then they are ignored."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._bucket = TokenBucket(rate, now)
        self._refusals = 0
        """In a row."""

    def admits(self, now: float) -> bool:
        """Count a message; tell whether it is to be handled.

        Raises:
            RequestError: it is one too many, and the client is told so.
        """
        if not self._bucket.take(now):
            self._refusals = 0
            return True
        self._refusals += 1
        if self._refusals <= _REFUSALS_BEFORE_SILENCE:
            allowed = f"{self._rate.per_second:g} messages a second, {self._rate.burst:g} at once"
            raise RequestError(ErrorCode.RATE_LIMITED, f"too many messages; allowed: {allowed}")
        return False


def refuse_binary(data: bytes, allowed: str) -> NoReturn:
    """Raise RequestError (invalid_input): this stream speaks text."""
    raise RequestError(ErrorCode.INVALID_INPUT, f"got a binary message of {len(data)} bytes; allowed: {allowed}")
