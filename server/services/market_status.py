"""What the market does, and whether its prices can be trusted."""

from __future__ import annotations

from typing import Any

from server.clock import Clock
from server.domain.quotes import shanghai_time
from server.market.calendar import TradingCalendar
from server.market.sources.fallback import Fallback
from server.services.prices import PriceService


class MarketStatus:
    """Answers from what is in memory."""

    def __init__(self, prices: PriceService, calendar: TradingCalendar, clock: Clock, *, any_hour: bool) -> None:
        self._prices = prices
        self._calendar = calendar
        self._clock = clock
        self._any_hour = any_hour

    def quote_age(self) -> float | None:
        """Return how many seconds old the newest quote is; None while there is none."""
        newest = max((quote.timestamp for quote in self._prices.quotes()), default=None)
        return None if newest is None else (self._clock.now() - newest).total_seconds()

    def present(self) -> dict[str, Any]:
        now = self._clock.now()
        source, last_push = self._prices.source, self._prices.last_push
        next_phase, next_change = self._calendar.next_change(now)
        return {
            "phase": self._calendar.phase(now).value,
            "is_open": self._calendar.is_open(now),
            "next_open": shanghai_time(self._calendar.next_open(now)),
            "next_phase": next_phase.value,
            "next_change": shanghai_time(next_change),
            "any_hour": self._any_hour,
            "source": source.name,
            "answering": source.answering if isinstance(source, Fallback) else source.name,
            "stale": source.stale,
            "last_push": None if last_push is None else shanghai_time(last_push),
            "missing_holidays": self._calendar.missing_years,
            "timestamp": shanghai_time(now),
        }
