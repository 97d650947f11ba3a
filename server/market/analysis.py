"""The analysis of one instrument's daily bars: five pure steps, each from what the ones before it found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.domain.signals import Signal
from server.market.bars import BarArrays
from server.market.indicators import Bands, Macd, Values, atr, bollinger, macd, rsi, sma
from server.market.instruments import Instrument
from server.market.strategies import STRATEGIES, signal_of

AVERAGES = (5, 10, 20, 60)
SIGNAL_DAYS = 120
"""Signals are looked for on so many of the last days."""

MEMORY_DAYS = 120
"""What lies further back moves no smoothed mean that a strategy looks at."""

TRADING_DAYS = 242
"""Of a year on the mainland's exchanges, for figures of a year."""

RISK_FREE_RATE = 0.015
"""Of a year: about what a one-year deposit earns."""

_DECIMALS = 4


class Indicators(NamedTuple):
    """Each is as long as the bars, NaN before its first value."""

    averages: Mapping[int, Values]
    rsi: Values
    macd: Macd
    bollinger: Bands
    atr: Values


class Risk(NamedTuple):
    """Fractions, not percent; None where there are too few bars, or none that move."""

    total_return: float | None
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    max_drawdown: float
    drawdown_from: date
    drawdown_to: date
    drawdown: Values
    """How far each day closes below the highest close until then, 0 or less."""


def find_indicators(bars: BarArrays) -> Indicators:
    """Return moving averages, RSI, MACD, Bollinger's bands and the ATR."""
    return Indicators(
        {period: sma(bars.close, period) for period in AVERAGES},
        rsi(bars.close),
        macd(bars.close),
        bollinger(bars.close),
        atr(bars.high, bars.low, bars.close),
    )


def find_signals(instrument: Instrument, bars: BarArrays) -> list[Signal]:
    """Return what every strategy said on each of the last days, the oldest first."""
    found = (
        signal_of(strategy, instrument, _days(bars, max(0, end - MEMORY_DAYS), end))
        for end in range(max(1, len(bars.days) - SIGNAL_DAYS + 1), len(bars.days) + 1)
        for strategy in STRATEGIES.values()
    )
    return [signal for signal in found if signal is not None]


def measure_risk(bars: BarArrays) -> Risk:
    """Return the figures of holding the instrument from the first of at least one bar to the last."""
    close = bars.close
    returns = close[1:] / close[:-1] - 1
    total = float(close[-1] / close[0] - 1) if len(returns) else None
    annual = _of_a_year(total, len(returns)) if total is not None else None
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else None
    sharpe = None
    if deviation:
        excess = float(returns.mean()) - RISK_FREE_RATE / TRADING_DAYS
        sharpe = excess / deviation * math.sqrt(TRADING_DAYS)
    volatility = deviation * math.sqrt(TRADING_DAYS) if deviation is not None else None
    drawdown = close / np.maximum.accumulate(close) - 1
    lowest = int(drawdown.argmin())
    highest = int(close[: lowest + 1].argmax())
    return Risk(
        total,
        annual,
        volatility,
        sharpe,
        float(drawdown[lowest]),
        bars.days[highest],
        bars.days[lowest],
        drawdown,
    )


def report(
    instrument: Instrument, bars: BarArrays, indicators: Indicators, signals: Iterable[Signal], risk: Risk
) -> dict[str, Any]:
    """Return the numbers and the series that a page plots, as JSON can carry them: None where there is no number."""
    series = _series(bars, indicators, risk)
    last_close, days = series["close"][-1], series["days"]
    return {
        "code": instrument.code,
        "symbol": instrument.symbol,
        "name": instrument.name,
        "from": days[0],
        "day": days[-1],
        "bars": len(days),
        "close": last_close,
        "latest": {name: values[-1] for name, values in series.items() if name != "days"},
        "signals": [
            {
                "strategy": signal.reason_key.partition(".")[2],
                "signal": signal.signal,
                "score": signal.score,
                "reason": signal.reason,
                "reason_values": signal.reason_values,
                "price": signal.price,
                "day": signal.day.isoformat(),
            }
            for signal in signals
        ],
        "risk": {
            "total_return": number(risk.total_return),
            "annual_return": number(risk.annual_return),
            "annual_volatility": number(risk.annual_volatility),
            "max_drawdown": number(risk.max_drawdown),
            "drawdown_from": risk.drawdown_from.isoformat(),
            "drawdown_to": risk.drawdown_to.isoformat(),
            "sharpe": number(risk.sharpe),
            "risk_free_rate": RISK_FREE_RATE,
        },
        "series": series,
    }


def _of_a_year(total: float, days: int) -> float | None:
    """Return what a return within so many days is in a year; None where that is beyond all numbers."""
    try:
        return float((1 + total) ** (TRADING_DAYS / days) - 1)
    except OverflowError:
        return None


def number(value: float | None) -> float | None:
    """Return a rounded number; None for what JSON has no number for."""
    return round(value, _DECIMALS) if value is not None and math.isfinite(value) else None


def _series(bars: BarArrays, indicators: Indicators, risk: Risk) -> dict[str, list[Any]]:
    lines: dict[str, NDArray[np.float64]] = {
        "open": bars.open,
        "high": bars.high,
        "low": bars.low,
        "close": bars.close,
        "volume": bars.volume,
        **{f"ma{period}": values for period, values in indicators.averages.items()},
        "rsi": indicators.rsi,
        "macd": indicators.macd.line,
        "macd_signal": indicators.macd.signal,
        "macd_histogram": indicators.macd.histogram,
        "bollinger_upper": indicators.bollinger.upper,
        "bollinger_middle": indicators.bollinger.middle,
        "bollinger_lower": indicators.bollinger.lower,
        "atr": indicators.atr,
        "drawdown": risk.drawdown,
    }
    return {
        "days": [day.isoformat() for day in bars.days],
        **{name: [number(value) for value in values.tolist()] for name, values in lines.items()},
    }


def _days(bars: BarArrays, begin: int, end: int) -> BarArrays:
    """Return some of the bars, which share their memory."""
    return BarArrays(*(field[begin:end] for field in bars))  # type: ignore[arg-type]
