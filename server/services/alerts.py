"""Price alerts: making, arming, listing and deleting them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from server.clock import Clock
from server.domain.alerts import Alert, AlertKind, AlertStatus
from server.domain.ids import is_id
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.market.alert_index import holds
from server.market.instruments import Instrument
from server.services.alert_watch import AlertWatch, reading, shown
from server.services.rate_limits import count_attempt
from server.services.stocks import StockService
from server.storage.alerts import AlertRepository

MAX_PRICE = 10_000_000.0
MAX_PERCENT = 1_000.0
PERCENT_STEP = Decimal("0.01")
MAX_FIRED_SHOWN = 200
CHANGE_RATE = Rate(40, 4)
MAX_KEPT = 20_000
"""Members whose rates are remembered."""


class AlertService:
    """An alert whose condition holds already is refused: it would not wait for anything."""

    def __init__(self, alerts: AlertRepository, watch: AlertWatch, stocks: StockService, clock: Clock) -> None:
        self._alerts = alerts
        self._watch = watch
        self._stocks = stocks
        self._clock = clock
        self._changes = TokenBuckets(CHANGE_RATE, MAX_KEPT)

    async def alerts(self, principal: Principal, status: AlertStatus | None) -> list[dict[str, Any]]:
        """Return the user's alerts: the active ones, newest first, then those that fired, the last one first."""
        found: list[Alert] = []
        if status is not AlertStatus.FIRED:
            active = await self._alerts.active(principal.user_id)
            found += sorted(active, key=lambda alert: alert.id, reverse=True)
        if status is not AlertStatus.ACTIVE:
            found += await self._alerts.fired(principal.user_id, MAX_FIRED_SHOWN)
        return [shown(alert, self._stocks) for alert in found]

    async def create(self, principal: Principal, name: str, kind: AlertKind, value: float) -> dict[str, Any]:
        """Make an alert; RequestError (invalid_input, conflict when too many are active, rate_limited)."""
        self._count_change(principal)
        instrument = self._stocks.named(name)
        self._check(instrument, kind, value)
        alert = await self._alerts.add(principal.user_id, instrument.symbol, kind, value, self._clock.now())
        self._watch.watch(alert)
        return shown(alert, self._stocks)

    async def arm(self, principal: Principal, alert_id: str, value: float | None) -> dict[str, Any]:
        """Let an alert wait (again), for another value if one is given.

        Raises RequestError: not_found, invalid_input, conflict when too many are active, rate_limited.
        """
        self._count_change(principal)
        while True:
            alert = await self._alerts.find(alert_id) if is_id(alert_id) else None
            if alert is None or alert.user_id != principal.user_id:
                raise _no_such_alert()
            new_value = alert.value if value is None else value
            self._check(self._stocks.named(alert.symbol), alert.kind, new_value)
            armed = await self._alerts.arm(alert, new_value)
            if armed is not None:  # else it has changed since it was looked at
                self._watch.watch(armed)
                return shown(armed, self._stocks)

    async def remove(self, principal: Principal, alert_id: str) -> None:
        """Delete an alert; RequestError (not_found, rate_limited)."""
        self._count_change(principal)
        if not is_id(alert_id) or not await self._alerts.remove(alert_id, principal.user_id):
            raise _no_such_alert()
        self._watch.unwatch(alert_id)

    def _count_change(self, principal: Principal) -> None:
        count_attempt(self._changes, principal.user_id, self._clock.monotonic(), "changes of your alerts")

    def _check(self, instrument: Instrument, kind: AlertKind, value: float) -> None:
        """Raise RequestError (invalid_input) for a value that cannot be, or that the present quote has reached."""
        if kind is AlertKind.CHANGE_PERCENT:
            _check_percent(value)
        else:
            _check_price(value, instrument.tick)
        quote = self._stocks.quote_of(instrument.symbol)
        present = reading(quote, self._clock.now()) if quote else None
        if present is not None and holds(kind, value, *present):
            raise RequestError(
                ErrorCode.INVALID_INPUT,
                f"{instrument.symbol} is at {present.price} ({present.change_percent} %), where this alert would fire"
                " at once",
            )


def _check_percent(value: float) -> None:
    if not math.isfinite(value) or not 0 < abs(value) <= MAX_PERCENT or Decimal(repr(value)) % PERCENT_STEP:
        raise RequestError(
            ErrorCode.INVALID_INPUT,
            f"got value {value}; a percentage is up to {MAX_PERCENT:g}, negative for a fall, not 0, and a multiple of"
            f" {PERCENT_STEP}",
        )


def _check_price(value: float, tick: Decimal) -> None:
    if not math.isfinite(value) or not 0 < value <= MAX_PRICE or Decimal(repr(value)) % tick:
        raise RequestError(
            ErrorCode.INVALID_INPUT,
            f"got value {value}; a price is more than 0, at most {MAX_PRICE:.0f}, and a multiple of {tick}",
        )


def _no_such_alert() -> RequestError:
    return RequestError(ErrorCode.NOT_FOUND, "there is no such alert of yours")
