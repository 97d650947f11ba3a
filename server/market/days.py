"""When a day's prices are final: a few minutes after the close, when the exchanges have printed the last of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Protocol

from server.domain.quotes import SHANGHAI
from server.market.calendar import TradingCalendar

SETTLING = timedelta(minutes=5)
"""How long after the close quotes still change."""

_FINAL_PRINTS_EVERY = timedelta(minutes=1)
_DAY = timedelta(days=1)


class DayEnds(Protocol):
    """The ends of trading days, as a schedule and looking back."""

    def next_push(self, after: datetime) -> datetime:
        """Return when the next day is settled; see `Schedule`."""

    def last_settled(self, moment: datetime) -> date:
        """Return the last day whose prices are final."""


class ExchangeDays:
    """The exchanges' trading days."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._calendar = calendar

    def next_push(self, after: datetime) -> datetime:
        return next(close + SETTLING for close in self.closes_from(after) if close + SETTLING > after)

    def last_settled(self, moment: datetime) -> date:
        local = (moment - SETTLING).astimezone(SHANGHAI)
        day = local.date()
        if self._calendar.is_trading_day(day) and local.time() >= self._calendar.sessions[-1].end:
            return day
        return self._calendar.previous_trading_day(day)

    def closes_from(self, after: datetime) -> Iterator[datetime]:
        """Yield when each day closes, from the one that may not be settled at ``after``."""
        last = self._calendar.sessions[-1].end
        for _, end in self._calendar.sessions_from(after - SETTLING):
            if end.time() == last:
                yield end


class EveryDay:
    """Days of 24 hours that all trade: development at any hour."""

    def next_push(self, after: datetime) -> datetime:
        midnight = datetime.combine(self.last_settled(after) + 2 * _DAY, time(), SHANGHAI)
        return midnight + SETTLING

    def last_settled(self, moment: datetime) -> date:
        return (moment - SETTLING).astimezone(SHANGHAI).date() - _DAY


class FinalPrints:
    """Each minute between the close and the settled day: when to look for what the closing auction has made."""

    def __init__(self, days: ExchangeDays) -> None:
        self._days = days

    def next_push(self, after: datetime) -> datetime:
        return next(moment for moment in self._moments(after) if moment > after)

    def _moments(self, after: datetime) -> Iterator[datetime]:
        for close in self._days.closes_from(after):
            moment = close + _FINAL_PRINTS_EVERY
            while moment < close + SETTLING:
                yield moment
                moment += _FINAL_PRINTS_EVERY
