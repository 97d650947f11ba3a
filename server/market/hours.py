"""The hours of a trading day, as the setting ``trading_hours`` writes them."""

from __future__ import annotations

from datetime import time
from itertools import pairwise
from typing import NamedTuple

DEFAULT_TRADING_HOURS = "09:30-11:30,13:00-15:00"
_FORM = f"sessions of a day in order, such as {DEFAULT_TRADING_HOURS}"


class Session(NamedTuple):
    """A part of the day without a break; trading goes from ``start`` up to ``end``."""

    start: time
    end: time

    @property
    def seconds(self) -> int:
        return seconds_of_day(self.end) - seconds_of_day(self.start)


def seconds_of_day(moment: time) -> int:
    """Return the whole seconds since midnight."""
    return (moment.hour * 60 + moment.minute) * 60 + moment.second


def parse_trading_hours(text: str) -> tuple[Session, ...]:
    """Return the sessions that ``text`` lists.

    Raises:
        ValueError: it is not of that form; the message says what was got and what is allowed.
    """
    sessions = tuple(_session(part.strip()) for part in text.split(","))
    for session, following in pairwise(sessions):
        if following.start <= session.end:
            raise ValueError(f"the session from {following.start:%H:%M} begins before the one ahead ends: {text!r}")
    return sessions


def _session(text: str) -> Session:
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"got {text!r}; allowed: {_FORM}")
    session = Session(_time(start.strip()), _time(end.strip()))
    if session.start >= session.end:
        raise ValueError(f"the session {text} ends before it begins")
    return session


def _time(text: str) -> time:
    hour, colon, minute = text.partition(":")
    digits = hour + minute
    if not (colon and len(hour) == len(minute) == 2 and digits.isascii() and digits.isdigit()):
        raise ValueError(f"got {text!r} for a time of day; allowed: HH:MM, as in {DEFAULT_TRADING_HOURS}")
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError(f"{text} is no time of day; allowed: 00:00 to 23:59")
    return time(int(hour), int(minute))
