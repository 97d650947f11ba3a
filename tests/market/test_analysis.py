from __future__ import annotations

import json
import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI
from server.market.analysis import (
    RISK_FREE_RATE,
    SIGNAL_DAYS,
    TRADING_DAYS,
    find_indicators,
    find_signals,
    measure_risk,
    number,
    report,
)
from server.market.bars import BarArrays
from server.market.instruments import INSTRUMENTS
from server.market.strategies import STRATEGIES, signal_of
from tests.support.clock import FakeClock
from tests.support.daily_bars import simulated_bars

MOUTAI = next(one for one in INSTRUMENTS if one.symbol == "600519.SH")
FIRST = datetime(2026, 1, 5, tzinfo=SHANGHAI)


def bars_of(*closes: float) -> BarArrays:
    return BarArrays.of(
        [Bar(FIRST + timedelta(days=n), close, close, close, close, 100, 1.0) for n, close in enumerate(closes)]
    )


def whole_report(bars: BarArrays) -> dict[str, object]:
    return report(MOUTAI, bars, find_indicators(bars), find_signals(MOUTAI, bars), measure_risk(bars))


def test_the_figures_of_risk() -> None:
    risk = measure_risk(bars_of(100.0, 110.0, 99.0, 121.0))
    returns = np.array([0.1, -0.1, 121 / 99 - 1])
    assert risk.total_return == pytest.approx(0.21)
    assert risk.annual_return == pytest.approx(1.21 ** (TRADING_DAYS / 3) - 1)
    deviation = float(returns.std(ddof=1))
    assert risk.annual_volatility == pytest.approx(deviation * math.sqrt(TRADING_DAYS))
    excess = float(returns.mean()) - RISK_FREE_RATE / TRADING_DAYS
    assert risk.sharpe == pytest.approx(excess / deviation * math.sqrt(TRADING_DAYS))
    assert risk.max_drawdown == pytest.approx(-0.1)
    assert (risk.drawdown_to - risk.drawdown_from).days == 1


def test_prices_that_only_rise_have_no_drawdown() -> None:
    risk = measure_risk(bars_of(1.0, 2.0, 3.0))
    assert (risk.max_drawdown, risk.drawdown_from) == (0.0, risk.drawdown_to)


@pytest.mark.parametrize("closes", [(5.0,), (5.0, 6.0), (5.0,) * 30, (1e-9, 1e9)])
def test_what_cannot_be_said_is_none_and_the_report_is_json(closes: tuple[float, ...]) -> None:
    text = json.dumps(whole_report(bars_of(*closes)), allow_nan=False)
    risk = json.loads(text)["risk"]
    if len(closes) < 3:
        assert risk["sharpe"] is None


def test_a_price_that_stands_still_has_no_sharpe_ratio() -> None:
    risk = measure_risk(bars_of(*(5.0,) * 30))
    assert (risk.total_return, risk.annual_volatility, risk.sharpe, risk.max_drawdown) == (0.0, 0.0, None, 0.0)


def test_numbers_that_json_does_not_know_are_none() -> None:
    assert [number(value) for value in (None, math.nan, math.inf, -math.inf, 1.00004)] == [None] * 4 + [1.0]


@pytest.mark.gen_test
async def test_a_signal_is_what_its_strategy_says_of_all_the_bars_until_its_day() -> None:
    daily_bars = simulated_bars(FakeClock())
    for symbol in ("600519.SH", "300750.SZ", "000001.SH"):
        instrument = next(one for one in INSTRUMENTS if one.symbol == symbol)
        bars = BarArrays.of(await daily_bars(symbol, 400))
        found = {(signal.day, signal.reason_key) for signal in find_signals(instrument, bars)}
        expected = set()
        for end in range(len(bars.days) - SIGNAL_DAYS + 1, len(bars.days) + 1):
            until = BarArrays(*(field[:end] for field in bars))  # type: ignore[arg-type]
            signals = [signal_of(strategy, instrument, until) for strategy in STRATEGIES.values()]
            expected |= {(signal.day, signal.reason_key) for signal in signals if signal}
        assert found == expected
        assert found


@pytest.mark.gen_test
async def test_a_year_of_a_share() -> None:
    bars = BarArrays.of(await simulated_bars(FakeClock())("600519.SH", 250))
    found = json.loads(json.dumps(whole_report(bars), allow_nan=False))
    series = found["series"]
    assert {len(values) for values in series.values()} == {250}
    assert series["ma20"][18] is None
    assert series["ma20"][19] == pytest.approx(float(bars.close[:20].mean()), abs=1e-3)
    assert found["latest"]["close"] == found["close"] == float(bars.close[-1])
    assert found["signals"]
    assert all(signal["day"] in series["days"] for signal in found["signals"])
    said = [STRATEGIES[signal["strategy"]].reason.format(**signal["reason_values"]) for signal in found["signals"]]
    assert said == [signal["reason"] for signal in found["signals"]]
    last = find_signals(MOUTAI, BarArrays(*(field[:240] for field in bars)))  # type: ignore[arg-type]
    early = [signal for signal in found["signals"] if signal["day"] < series["days"][240]]
    assert {signal["day"] for signal in early} <= {signal.day.isoformat() for signal in last}  # none knows the future
    assert -1 < found["risk"]["max_drawdown"] < 0
