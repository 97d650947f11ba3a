from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.quotes import Quote
from server.market.quotes import FINE_TICK, change, change_percent, price_limits, quote_json, round_to_tick

MOUTAI = Quote(
    symbol="600519.SH",
    name="贵州茅台",
    price=1850.5,
    previous_close=1825.2,
    volume=12_345_678,
    timestamp=datetime(2026, 1, 5, 2, 0, 0, 123456, tzinfo=UTC),
)


def test_the_json_is_the_contract_s() -> None:
    assert quote_json(MOUTAI) == {
        "code": "600519",
        "symbol": "600519.SH",
        "name": "贵州茅台",
        "price": 1850.5,
        "change": 25.3,
        "change_percent": 1.39,
        "volume": 12345678,
        "timestamp": "2026-01-05T10:00:00.123+08:00",
    }


@pytest.mark.parametrize(
    ("price", "rounded"), [(1.005, 1.01), (2.675, 2.68), (-1.005, -1.01), (3.0, 3.0), (0.004, 0.0), (11.055, 11.06)]
)
def test_halves_are_rounded_away_from_zero_in_decimal(price: float, rounded: float) -> None:
    assert round_to_tick(price) == rounded


def test_nothing_is_a_negative_zero() -> None:
    assert repr(round_to_tick(-0.001)) == "0.0"


@given(st.integers(1, 10_000_00), st.integers(1, 10_000_00))
def test_change_is_exact_in_ticks(price_ticks: int, close_ticks: int) -> None:
    quote = msgspec.structs.replace(MOUTAI, price=price_ticks / 100, previous_close=close_ticks / 100)
    assert Decimal(repr(change(quote))) == Decimal(price_ticks - close_ticks) / 100


def test_the_change_of_a_fund_is_on_its_tick() -> None:
    fund = msgspec.structs.replace(MOUTAI, symbol="510300.SH", price=4.321, previous_close=4.317)
    assert (change(fund), change_percent(fund)) == (0.004, 0.09)


@given(st.integers(1, 10_000_000), st.integers(1, 10_000_000))
def test_percents_and_limits_are_rounded_in_decimal(price_ticks: int, close_ticks: int) -> None:
    price, close = Decimal(price_ticks) / 1000, Decimal(close_ticks) / 1000
    quote = msgspec.structs.replace(MOUTAI, price=float(price), previous_close=float(close))
    assert change_percent(quote) == round_to_tick((price - close) / close * 100)
    low, high = (round_to_tick(close * share, FINE_TICK) for share in (Decimal("0.9"), Decimal("1.1")))
    assert price_limits(float(close), 10, FINE_TICK) == (max(low, 0.001), high)


def test_a_first_day_has_no_percent() -> None:
    assert change_percent(msgspec.structs.replace(MOUTAI, previous_close=0.0)) == 0.0


@pytest.mark.parametrize(
    ("close", "percent", "limits"),
    [(10.05, 10, (9.05, 11.06)), (100.0, 20, (80.0, 120.0)), (3.33, 30, (2.33, 4.33)), (0.01, 10, (0.01, 0.01))],
)
def test_limits_are_the_exchange_s(close: float, percent: int, limits: tuple[float, float]) -> None:
    assert price_limits(close, percent) == limits
