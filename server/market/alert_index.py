"""Which alerts a quote fires, found without looking at the others."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection
from typing import NamedTuple

from server.domain.alerts import Alert, AlertKind


class Armed(NamedTuple):
    """One alert in a ladder; it fires when the ladder's level is at most ``key``."""

    key: float
    alert_id: str
    revision: int


class _Side(NamedTuple):
    """One direction of one kind: what falls is compared as it is, what rises with its sign turned."""

    kind: AlertKind
    rises: bool

    def key(self, number: float) -> float:
        return -number if self.rises else number


class AlertIndex:
    """Alerts by symbol and side, each side a ladder of ascending keys.

    What fires is the end of a ladder: finding it takes O(log n) comparisons, taking it out O(fired).
    """

    def __init__(self) -> None:
        self._ladders: dict[str, dict[_Side, list[Armed]]] = {}
        self._places: dict[str, tuple[str, _Side, Armed]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, alert: Alert) -> None:
        """Watch an alert, in place of an earlier revision of it; nothing happens beside a later one."""
        place = self._places.get(alert.id)
        if place is not None and place[2].revision >= alert.revision:
            return
        self.remove(alert.id)
        side = _side(alert)
        armed = Armed(side.key(alert.value), alert.id, alert.revision)
        insort(self._ladders.setdefault(alert.symbol, {}).setdefault(side, []), armed)
        self._places[alert.id] = (alert.symbol, side, armed)

    def remove(self, alert_id: str) -> None:
        """Watch an alert no longer, if it is watched."""
        place = self._places.pop(alert_id, None)
        if place is None:
            return
        symbol, side, armed = place
        ladder = self._ladders[symbol][side]
        del ladder[bisect_left(ladder, armed)]
        self._drop_if_empty(symbol, side)

    @property
    def symbols(self) -> Collection[str]:
        """The symbols whose quotes may fire something."""
        return self._ladders.keys()

    def take(self, symbol: str, price: float, change_percent: float | None) -> list[Armed]:
        """Return all alerts of a symbol that fire now, and watch them no longer; without a percent none of these."""
        fired: list[Armed] = []
        for side, ladder in tuple(self._ladders.get(symbol, {}).items()):
            number = change_percent if side.kind is AlertKind.CHANGE_PERCENT else price
            if number is None:
                continue
            first = bisect_left(ladder, (side.key(number),))
            fired += ladder[first:]
            del ladder[first:]
            self._drop_if_empty(symbol, side)
        for armed in fired:
            del self._places[armed.alert_id]
        return fired

    def _drop_if_empty(self, symbol: str, side: _Side) -> None:
        if not self._ladders[symbol][side]:
            del self._ladders[symbol][side]
        if not self._ladders[symbol]:
            del self._ladders[symbol]


def holds(kind: AlertKind, value: float, price: float, change_percent: float | None) -> bool:
    """Tell whether an alert would fire at a quote; without a percent one for a percent does not."""
    if kind is AlertKind.ABOVE:
        return price >= value
    if kind is AlertKind.BELOW:
        return price <= value
    if change_percent is None:
        return False
    return change_percent >= value if value > 0 else change_percent <= value


def _side(alert: Alert) -> _Side:
    rises = alert.value > 0 if alert.kind is AlertKind.CHANGE_PERCENT else alert.kind is AlertKind.ABOVE
    return _Side(alert.kind, rises)
