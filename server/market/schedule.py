"""When the next push of prices is due: arithmetic alone, the waiting is the caller's."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Protocol

from server.market.calendar import TradingCalendar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Schedule(Protocol):
    """When something happens again and again."""

    def next_push(self, after: datetime) -> datetime:
        """Return the first moment later than ``after``."""


class AnyHourSchedule:
    """Every so many seconds at any hour: development."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval = interval_seconds

    def next_push(self, after: datetime) -> datetime:
        return _next_multiple(_EPOCH, self._interval, after)


class MinuteSchedule:
    """On the minute while the exchanges trade, from the open to the close of each session, both included."""

    def __init__(self, calendar: TradingCalendar, interval_seconds: float = 60.0) -> None:
        self._calendar = calendar
        self._interval = interval_seconds

    def next_push(self, after: datetime) -> datetime:
        start, end = next(session for session in self._calendar.sessions_from(after) if session[1] > after)
        return start if after < start else min(_next_multiple(start, self._interval, after), end)


def _next_multiple(start: datetime, interval: float, after: datetime) -> datetime:
    """Return the first of ``start``, ``start + interval``, ... that is later than ``after``."""
    count = math.floor((after - start) / timedelta(seconds=interval)) + 1
    moment = start + count * timedelta(seconds=interval)
    return moment if moment > after else moment + timedelta(seconds=interval)
