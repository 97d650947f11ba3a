"""Each rule at its edge, over bars made by hand."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI
from server.domain.signals import Signal
from server.market.bars import BarArrays
from server.market.instruments import Instrument
from server.market.strategies import STRATEGIES, signal_of, signals_of

SHARE = Instrument("600519.SH", "贵州茅台", 10.0, 1_000_000)
OTHER = Instrument("000001.SZ", "平安银行", 10.0, 1_000_000)
FIRST = datetime(2025, 9, 1, tzinfo=SHANGHAI)


def bars(*days: tuple[float, int], wick: float = 0.0) -> BarArrays:
    """Return bars of (close, volume), each as high as it closes and a wick more."""
    return BarArrays.of(
        [
            Bar(FIRST + timedelta(days=index), close, close + wick, close - wick, close, volume, close * volume)
            for index, (close, volume) in enumerate(days)
        ]
    )


def look(strategy: str, arrays: BarArrays) -> Signal | None:
    return signal_of(STRATEGIES[strategy], SHARE, arrays)


def closing(*closes: float) -> BarArrays:
    return bars(*((close, 1000) for close in closes))


def test_the_table_has_the_strategies_by_name() -> None:
    assert set(STRATEGIES) == {"volume_wave", "ma_cross", "rsi_rebound"}
    assert all(strategy.name == name for name, strategy in STRATEGIES.items())


def test_volume_wave_says_everything_of_a_surge_with_a_breakout() -> None:
    arrays = bars(*[(10.0, 1000)] * 20, (10.5, 3000))
    assert look("volume_wave", arrays) == Signal(
        code="600519",
        symbol="600519.SH",
        name="贵州茅台",
        signal="buy",
        score=87.5,
        reason="成交量放大至20日均量的3.0倍，收盘价10.50突破20日高点10.00",
        reason_key="signals.volume_wave",
        reason_values={"days": 20, "ratio": 3.0, "price": 10.5, "high": 10.0},
        price=10.5,
        day=date(2025, 9, 21),
    )


@pytest.mark.parametrize(
    ("close", "volume", "found"),
    [(10.01, 1500, True), (10.01, 1499, False), (10.0, 9000, False), (9.5, 9000, False)],
)
def test_volume_wave_wants_half_as_much_again_and_a_new_high(close: float, volume: int, found: bool) -> None:
    assert (look("volume_wave", bars(*[(10.0, 1000)] * 20, (close, volume))) is not None) is found


def test_volume_wave_breaks_out_of_highs_not_of_closes() -> None:
    assert look("volume_wave", bars(*[(10.0, 1000)] * 20, (10.4, 3000), wick=0.5)) is None


def test_volume_wave_forgets_what_is_older_than_twenty_days() -> None:
    assert look("volume_wave", bars((50.0, 90_000), *[(10.0, 1000)] * 20, (10.5, 3000))) is not None


def test_volume_wave_finds_no_surge_where_nothing_traded() -> None:
    assert look("volume_wave", bars(*[(10.0, 0)] * 20, (10.5, 3000))) is None


def test_ma_cross_finds_the_day_of_the_crossing_alone() -> None:
    fall = [20.0 - 0.1 * day for day in range(30)]
    up = [fall[-1] + 0.5 * day for day in range(1, 10)]
    found = [look("ma_cross", closing(*fall, *up[:count])) is not None for count in range(len(up) + 1)]
    assert found.count(True) == 1
    assert not found[0]


def test_ma_cross_counts_touching_as_not_yet_crossed() -> None:
    assert look("ma_cross", closing(*[10.0] * 25)) is None
    signal = look("ma_cross", closing(*[10.0] * 25, 11.0))
    assert signal is not None
    assert signal.reason == "5日均线10.20上穿20日均线10.05"


def test_ma_cross_ignores_a_crossing_from_above() -> None:
    assert look("ma_cross", closing(*[10.0] * 25, 9.0)) is None


def test_rsi_rebound_finds_the_day_on_which_it_comes_back() -> None:
    days = [30.0] + [30.0 - 0.2 * day + 0.05 * (day % 3) for day in range(1, 70)]
    assert look("rsi_rebound", closing(*days)) is None
    signal = look("rsi_rebound", closing(*days, days[-1] + 1.5))
    assert signal is not None
    assert signal.reason_values["before"] < 30 <= signal.reason_values["now"]
    assert look("rsi_rebound", closing(*days, days[-1] + 1.5, days[-1] + 2.0)) is None


def test_rsi_rebound_says_nothing_of_a_share_that_does_not_move() -> None:
    assert look("rsi_rebound", closing(*[10.0] * 70, 10.1)) is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_reason_is_the_default_language_s_text(strategy: str) -> None:
    rule = STRATEGIES[strategy]
    texts = json.loads(
        (Path(__file__).parents[2] / "static" / "texts" / "zh-CN" / "signals.json").read_text(encoding="utf-8")
    )
    assert rule.reason == texts[f"signals.{strategy}"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_too_few_bars_say_nothing(strategy: str) -> None:
    for count in range(STRATEGIES[strategy].needed_bars):
        days = [(10.0 - 0.1 * (index % 7), 1000) for index in range(max(count - 1, 0))]
        assert look(strategy, bars(*days, *[(50.0, 90_000)][:count])) is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_fewest_bars_are_enough_to_judge(strategy: str) -> None:
    arrays = closing(*[10.0] * STRATEGIES[strategy].needed_bars)
    assert look(strategy, arrays) is None


def test_the_strongest_signal_comes_first_and_scores_end_at_100() -> None:
    quiet, loud = bars(*[(10.0, 1000)] * 20, (10.1, 2100)), bars(*[(10.0, 1000)] * 20, (11.0, 99_000))
    found = signals_of(STRATEGIES["volume_wave"], [(SHARE, quiet), (OTHER, loud), (SHARE, closing(*[10.0] * 30))])
    assert [signal.symbol for signal in found] == ["000001.SZ", "600519.SH"]
    assert found[0].score == 100.0
