"""Telling a caller that something is done too often."""

from __future__ import annotations

import math

from server.errors import ErrorCode, RequestError
from server.limits import TokenBuckets


def count_attempt(buckets: TokenBuckets, key: str, now: float, what: str) -> None:
    """Count one of ``what`` against the bucket of ``key``; RequestError (rate_limited) when it is one too many."""
    wait = buckets.take(key, now)
    if wait:
        seconds = math.ceil(wait)
        raise RequestError(ErrorCode.RATE_LIMITED, f"too many {what}; try again in {seconds} s", retry_after=seconds)
