"""Watching quotes for alerts: what a quote fires is stored as fired once, and its user is told."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from server.clock import Clock
from server.domain.alerts import Alert, AlertKind, Firing
from server.domain.payloads import to_payload
from server.domain.quotes import SHANGHAI, Quote, shanghai_time
from server.domain.rooms import user_room
from server.market.alert_index import AlertIndex, Armed
from server.market.instruments import kind_of, tick_of
from server.market.quotes import change_percent
from server.realtime.hub import Publisher
from server.services.notices import Phrase, words_of
from server.services.notifications import Notice
from server.services.stocks import StockService
from server.storage.alerts import AlertRepository
from server.storage.documents import new_id

FIRED_AT_ONCE = 32
"""Alerts that are stored as fired at the same time."""

NOTIFICATION_TYPE = "price_alert"

logger = logging.getLogger(__name__)


class Announcer(Protocol):
    """What stores notices and delivers them."""

    async def announce(self, notices: Sequence[Notice]) -> int:
        """Tell each notice to its user, in the user's language."""


class Reading(NamedTuple):
    """What alerts see of a quote; the percent is there when it is today's."""

    price: float
    change_percent: float | None


def reading(quote: Quote, now: datetime) -> Reading | None:
    """Return what a quote says to alerts: nothing when nobody trades at its price, or it is too old to trust."""
    if quote.suspended or quote.stale:
        return None
    is_of_today = quote.timestamp.astimezone(SHANGHAI).date() == now.astimezone(SHANGHAI).date()
    return Reading(quote.price, change_percent(quote) if is_of_today else None)


def shown(alert: Alert, stocks: StockService) -> dict[str, Any]:
    """Return an alert as its user sees it."""
    payload = {
        "id": alert.id,
        **stocks.label(alert.symbol),
        "kind": alert.kind.value,
        "value": alert.value,
        "status": alert.status.value,
        "created_at": to_payload(alert.created_at),
    }
    if alert.firing is None:
        return payload
    firing = alert.firing
    at = shanghai_time(firing.at)
    return {**payload, "fired": {"price": firing.price, "change_percent": firing.change_percent, "at": at}}


class AlertWatch:
    """Holds every active alert in memory; whether one has fired, the database decides.

    An alert that a quote fires is taken out of the index and waits to be stored as fired. Who stores it (another
    process may see the same quote) tells its user; a change of the alert meanwhile wins, and it is watched anew.
    """

    def __init__(
        self,
        alerts: AlertRepository,
        stocks: StockService,
        publisher: Publisher,
        clock: Clock,
        phrase: Phrase,
        announcer: Announcer | None = None,
    ) -> None:
        self._alerts = alerts
        self._stocks = stocks
        self._publisher = publisher
        self._clock = clock
        self._phrase = phrase
        self._announcer = announcer
        self._process = new_id()
        self._index = AlertIndex()
        self._due: deque[tuple[Armed, Quote]] = deque()
        self._firing: asyncio.Task[None] | None = None
        self._closed = False

    async def load(self) -> None:
        """Watch all that is stored; RequestError (unavailable)."""
        async for alert in self._alerts.every_active():
            self._index.add(alert)
        present = [self._stocks.quote_of(symbol) for symbol in self._index.symbols]
        self.take([quote for quote in present if quote is not None])

    async def settle(self) -> None:
        """Wait until what has to fire has fired, or the database has refused it."""
        if self._firing is not None:
            await asyncio.wait([self._firing])

    async def close(self) -> None:
        """Fire nothing more but what is due; what the database refuses stays active."""
        self._closed = True
        await self.settle()

    def watch(self, alert: Alert) -> None:
        """Watch an active alert; it may fire at once, when the price has moved since it was looked at."""
        self._index.add(alert)
        quote = self._stocks.quote_of(alert.symbol)
        self.take([] if quote is None else [quote])

    def unwatch(self, alert_id: str) -> None:
        """Watch an alert no longer."""
        self._index.remove(alert_id)

    def take(self, quotes: Iterable[Quote]) -> None:
        """Fire what new quotes fire, without waiting for it; what the database refused before is tried again."""
        if self._closed:
            return
        now = self._clock.now()
        for quote in quotes:
            seen = reading(quote, now) if quote.symbol in self._index.symbols else None
            if seen is not None:
                self._due += ((armed, quote) for armed in self._index.take(quote.symbol, *seen))
        if self._due and (self._firing is None or self._firing.done()):
            self._firing = asyncio.get_running_loop().create_task(self._fire_due())

    async def _fire_due(self) -> None:
        while self._due:
            some = [self._due.popleft() for _ in range(min(FIRED_AT_ONCE, len(self._due)))]
            outcomes = await asyncio.gather(*(self._fire(*one) for one in some), return_exceptions=True)
            failed = [(one, outcome) for one, outcome in zip(some, outcomes, strict=True) if outcome is not None]
            if failed:
                self._due.extendleft(one for one, _ in failed)
                logger.warning("%d alerts fire later: %r", len(self._due), failed[0][1])
                return

    async def _fire(self, armed: Armed, quote: Quote) -> None:
        firing = Firing(quote.price, change_percent(quote), quote.timestamp, self._process)
        fired = await self._alerts.fire(armed.alert_id, armed.revision, firing)
        if fired is not None:
            await self._tell(fired, firing)
            return
        present = await self._alerts.find(armed.alert_id)
        if present is not None and present.firing is None:
            self.watch(present)

    async def _tell(self, alert: Alert, firing: Firing) -> None:
        payload = shown(alert, self._stocks)
        self._publisher.publish(user_room(alert.user_id), "alert_fired", {"alert": payload})
        if self._announcer is None:
            return
        words = words_of(self._phrase, f"alert_{alert.kind.value}", name=payload["name"], **_numbers(alert, firing))
        try:
            notice = Notice(alert.user_id, words, NOTIFICATION_TYPE, f"/#/market/{alert.symbol}", "alerts")
            await self._announcer.announce([notice])
        except Exception:  # it has fired, and the event is out; the others must go on
            logger.exception("the notification of alert %s was not stored", alert.id)


def _numbers(alert: Alert, firing: Firing) -> dict[str, str]:
    """Return the numbers of an alert that fired as people read them."""
    tick = tick_of(kind_of(alert.symbol))

    def price(value: float) -> str:
        return str(Decimal(str(value)).quantize(tick))

    is_percent = alert.kind is AlertKind.CHANGE_PERCENT
    return {
        "price": price(firing.price),
        "percent": _percent(firing.change_percent),
        "value": _percent(alert.value) if is_percent else price(alert.value),
    }


def _percent(value: float) -> str:
    return f"{value:+.2f}%"
