"""The built-in task ``analysis``: what there is to say about a stock's daily bars."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from server.domain.bars import Bar
from server.domain.tasks import TaskError
from server.errors import ErrorCode, RequestError
from server.market import analysis
from server.market.bars import BarArrays
from server.market.instruments import InstrumentTable
from server.services.task_runner import Says, TaskFailedError, Workbench

DEFAULT_DAYS = 250

DailyBars = Callable[[str, int], Awaitable[Sequence[Bar]]]
"""Returns the last so many daily bars of a symbol, the oldest first."""


class AnalysisParams(Struct, forbid_unknown_fields=True):
    """``symbol`` is a code or a symbol; ``days`` how many daily bars are looked at."""

    symbol: str
    days: Annotated[int, Meta(ge=20, le=1000)] = DEFAULT_DAYS


class AnalysisTask:
    """Five steps: bars, indicators, signals, risk, report."""

    total_steps = 5

    def __init__(self, bars: DailyBars, instruments: InstrumentTable, says: Says) -> None:
        self._daily_bars = bars
        self._instruments = instruments
        self._says = says

    def check(self, params: Mapping[str, Any]) -> AnalysisParams:
        """See `TaskKind`; the symbol is kept in full."""
        try:
            asked = msgspec.convert(params, AnalysisParams)
        except msgspec.ValidationError as error:
            raise RequestError(ErrorCode.INVALID_INPUT, str(error)) from None
        instrument = self._instruments.find(asked.symbol)
        if instrument is None:
            detail = f"unknown stock {asked.symbol[:40]!r}; allowed: a six-digit code, or a symbol such as 600519.SH"
            raise RequestError(ErrorCode.INVALID_INPUT, detail)
        return AnalysisParams(instrument.symbol, asked.days)

    async def run(self, params: Any, bench: Workbench) -> object:
        """See `TaskKind`."""
        asked = msgspec.convert(params, AnalysisParams)
        instrument = self._instruments.find(asked.symbol)
        if instrument is None:
            raise TaskFailedError(TaskError.NO_DATA, self._says("tasks.no_data", symbol=asked.symbol))
        stored = await self._daily_bars(asked.symbol, asked.days)
        if not stored:
            raise TaskFailedError(TaskError.NO_DATA, self._says("tasks.no_data", symbol=asked.symbol))
        bars = await bench.compute(BarArrays.of, stored)
        bench.report(1, self._says("tasks.analysis.bars", count=len(stored)))
        indicators = await bench.compute(analysis.find_indicators, bars)
        bench.report(2, self._says("tasks.analysis.indicators"))
        signals = await bench.compute(analysis.find_signals, instrument, bars)
        bench.report(3, self._says("tasks.analysis.signals", count=len(signals)))
        risk = await bench.compute(analysis.measure_risk, bars)
        bench.report(4, self._says("tasks.analysis.risk"))
        result = await bench.compute(analysis.report, instrument, bars, indicators, signals, risk)
        bench.report(5, self._says("tasks.analysis.report"))
        return result
