from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from server.market.indicators import Values, atr, bollinger, ema, macd, rsi, sma

LENGTHS = (0, 1, 2, 13, 14, 15, 16, 19, 20, 25, 26, 27, 33, 34, 35, 250)
INPUTS = ("walk", "constant", "rising", "falling", "zigzag")
Series = Callable[[Values], tuple[Values, ...]]

OURS_AND_THEIRS: dict[str, tuple[Series, Series]] = {
    "sma": (lambda closes: (sma(closes, 14),), lambda closes: (talib.SMA(closes, 14),)),
    "ema": (lambda closes: (ema(closes, 14),), lambda closes: (talib.EMA(closes, 14),)),
    "rsi": (lambda closes: (rsi(closes),), lambda closes: (talib.RSI(closes, 14),)),
    "macd": (macd, lambda closes: tuple(talib.MACD(closes, 12, 26, 9))),
    "bollinger": (bollinger, lambda closes: tuple(talib.BBANDS(closes, 20, 2.0, 2.0))),
    "atr": (
        lambda closes: (atr(closes * 1.02, closes * 0.97, closes),),
        lambda closes: (talib.ATR(closes * 1.02, closes * 0.97, closes, 14),),
    ),
}


def closes_of(kind: str, length: int) -> Values:
    steps = np.arange(length, dtype=np.float64)
    made = {
        "walk": 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.02, length))),
        "constant": np.full(length, 10.5),
        "rising": 10 + steps,
        "falling": 1000 - steps,
        "zigzag": 10 + steps % 2,
    }
    return made[kind]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in OURS_AND_THEIRS for kind in INPUTS if (name, kind) != ("rsi", "constant")],
)
def test_values_are_those_of_talib(name: str, kind: str, length: int) -> None:
    ours, theirs = OURS_AND_THEIRS[name]
    closes = closes_of(kind, length)
    expected = theirs(closes) if length else tuple(np.empty(0) for _ in ours(closes))
    for our_values, their_values in zip(ours(closes), expected, strict=True):
        np.testing.assert_allclose(our_values, their_values, rtol=1e-9, atol=1e-6)


def test_prices_that_do_not_move_are_neither_bought_nor_sold_too_much() -> None:
    values = rsi(closes_of("constant", 30))
    assert np.isnan(values[:14]).all()
    assert (values[14:] == 50.0).all()


@pytest.mark.parametrize("name", OURS_AND_THEIRS)
@pytest.mark.parametrize("kind", INPUTS)
def test_nothing_is_missing_once_values_began(name: str, kind: str) -> None:
    first = {"sma": 13, "ema": 13, "rsi": 14, "macd": 33, "bollinger": 19, "atr": 14}[name]
    for values in OURS_AND_THEIRS[name][0](closes_of(kind, 80)):
        assert np.isnan(values[:first]).all()
        assert np.isfinite(values[first:]).all()


@given(st.lists(st.integers(1, 100_000), max_size=60), st.integers(1, 20))
def test_means_stay_between_the_extremes(cents: list[int], period: int) -> None:
    closes = np.array(cents, dtype=np.float64) / 100
    for values in (sma(closes, period), ema(closes, period)):
        assert len(values) == len(closes)
        known = values[~np.isnan(values)]
        assert len(known) == max(len(closes) - period + 1, 0)
        assert all(closes.min() - 1e-9 <= value <= closes.max() + 1e-9 for value in known)


@given(st.lists(st.integers(1, 100_000), min_size=20, max_size=60))
def test_rsi_is_between_0_and_100(cents: list[int]) -> None:
    values = rsi(np.array(cents, dtype=np.float64) / 100)[14:]
    assert all(-1e-9 <= value <= 100 + 1e-9 for value in values)


def test_the_input_is_left_as_it_was() -> None:
    closes = closes_of("walk", 60)
    before = closes.copy()
    for ours, _ in OURS_AND_THEIRS.values():
        ours(closes)
    assert (closes == before).all()


@pytest.mark.parametrize("wrong", [lambda: sma(np.ones(5), 0), lambda: rsi(np.ones(5), -1)])
def test_a_period_is_one_or_more(wrong: Callable[[], Values]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        wrong()


def test_macd_wants_a_fast_period_shorter_than_the_slow_one() -> None:
    with pytest.raises(ValueError, match="26 and 12"):
        macd(np.ones(50), 26, 12)
