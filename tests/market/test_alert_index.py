from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from server.domain.alerts import Alert, AlertKind
from server.market.alert_index import AlertIndex, holds

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
SYMBOLS = ("600519.SH", "000001.SZ")
KINDS = st.sampled_from(AlertKind)
PRICES = st.integers(1, 20).map(float)
PERCENTS = st.integers(-10, 10).filter(bool).map(float)


def alert(number: int, kind: AlertKind, value: float, symbol: str = SYMBOLS[0], revision: int = 0) -> Alert:
    return Alert(f"alert{number}", "user", symbol, kind, value, NOW, revision)


class AgainstAScan(RuleBasedStateMachine):
    """Whatever is watched and changed, a quote fires exactly what a look at every alert says."""

    def __init__(self) -> None:
        super().__init__()
        self.index = AlertIndex()
        self.alerts: dict[str, Alert] = {}

    @rule(
        number=st.integers(0, 30),
        kind=KINDS,
        price=PRICES,
        percent=PERCENTS,
        symbol=st.sampled_from(SYMBOLS),
        revision=st.integers(0, 3),
    )
    def watch(self, number: int, kind: AlertKind, price: float, percent: float, symbol: str, revision: int) -> None:
        value = percent if kind is AlertKind.CHANGE_PERCENT else price
        new = alert(number, kind, value, symbol, revision)
        self.index.add(new)
        old = self.alerts.get(new.id)
        if old is None or old.revision < revision:
            self.alerts[new.id] = new

    @rule(number=st.integers(0, 30))
    def unwatch(self, number: int) -> None:
        self.index.remove(f"alert{number}")
        self.alerts.pop(f"alert{number}", None)

    @rule(symbol=st.sampled_from(SYMBOLS), price=PRICES, percent=st.none() | st.integers(-10, 10).map(float))
    def quote(self, symbol: str, price: float, percent: float | None) -> None:
        fired = {(armed.alert_id, armed.revision) for armed in self.index.take(symbol, price, percent)}
        expected = {
            (alert.id, alert.revision)
            for alert in self.alerts.values()
            if alert.symbol == symbol and holds(alert.kind, alert.value, price, percent)
        }
        assert fired == expected
        self.alerts = {key: alert for key, alert in self.alerts.items() if (key, alert.revision) not in fired}

    @invariant()
    def holds_what_is_watched(self) -> None:
        assert len(self.index) == len(self.alerts)
        assert set(self.index.symbols) == {alert.symbol for alert in self.alerts.values()}


TestAgainstAScan = AgainstAScan.TestCase


class Counted(float):
    """A number that counts how often it is compared."""

    comparisons: ClassVar[int] = 0

    def __neg__(self) -> Counted:
        return Counted(-float(self))

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return float(self) == other

    def __lt__(self, other: float) -> bool:
        Counted.comparisons += 1
        return float(self) < other

    def __gt__(self, other: float) -> bool:
        Counted.comparisons += 1
        return float(self) > other

    __hash__ = float.__hash__


def test_of_100_000_alerts_a_quote_looks_at_a_handful() -> None:
    index = AlertIndex()
    kinds = (AlertKind.ABOVE, AlertKind.BELOW, AlertKind.CHANGE_PERCENT, AlertKind.CHANGE_PERCENT)
    for number in range(100_000):
        kind = kinds[number % 4]
        value = {0: 200.0, 1: 100.0, 2: 5.0, 3: -15.0}[number % 4] + number / 10_000
        index.add(alert(number, kind, Counted(value)))
    assert len(index) == 100_000
    Counted.comparisons = 0
    assert index.take(SYMBOLS[0], 150.0, 1.0) == []
    assert 0 < Counted.comparisons < 4 * 2 * 18  # four sides; a step of the search asks "same?" and "less?"
    Counted.comparisons = 0
    fired = index.take(SYMBOLS[0], 200.004, 1.0)
    assert {armed.alert_id for armed in fired} == {f"alert{number}" for number in range(0, 41, 4)}
    assert 0 < Counted.comparisons < 4 * 2 * 18
    Counted.comparisons = 0
    assert index.take(SYMBOLS[1], 1.0, 99.0) == []
    assert Counted.comparisons == 0


@given(KINDS, PRICES)
def test_what_has_fired_fires_no_more(kind: AlertKind, value: float) -> None:
    index = AlertIndex()
    index.add(alert(1, kind, value))
    assert len(index.take(SYMBOLS[0], value, value)) == 1
    assert index.take(SYMBOLS[0], value, value) == []
    assert len(index) == 0
