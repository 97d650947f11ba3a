"""Medians, ratios, and the tables in which they are told."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.scenarios import Scenario
from benchmarks.servers import NODE, OURS, PYTHON_SOCKETIO, Server

NOT_APPLICABLE = "–"
FAILED = "failed"
PHASES = frozenset({"connect", "storm", "hold", "traffic"})


@dataclass(frozen=True)
class Measurement:
    """One run: what the generator found, or why there is no figure."""

    scenario: str
    server: str
    round: int
    result: Mapping[str, Any] | None = None
    error: str = ""


class Report:
    """All measurements of a run, by scenario and server."""

    def __init__(
        self, scenarios: Sequence[Scenario], servers: Sequence[Server], measurements: Sequence[Measurement]
    ) -> None:
        self._scenarios = scenarios
        self._servers = servers
        self._measurements = measurements

    def median(self, scenario: Scenario, server: str, path: tuple[str, ...] | None = None) -> float | None:
        """Return the median over the rounds; none when no round gave a figure."""
        values = [scenario.value(result, path) for result in self._results(scenario, server)]
        return statistics.median(values) if values else None

    def ratio(self, scenario: Scenario, peers: Sequence[str], path: tuple[str, ...] | None = None) -> float | None:
        """Return our median divided by the one of the best peer."""
        ours = self.median(scenario, OURS, path)
        known = [value for peer in peers if (value := self.median(scenario, peer, path))]
        if ours is None or not known:
            return None
        best = min(known) if scenario.metric.less_is_better else max(known)
        return ours / best

    def markdown(self, facts: Mapping[str, str]) -> str:
        """Return the whole report."""
        rates = [scenario for scenario in self._scenarios if scenario.metric.per_cpu]
        lines = ["# Benchmark results", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
        lines += ["## Medians", "", *self._table(self._scenarios, lambda scenario: None), ""]
        if rates:
            lines += ["## Per second of the server's CPU time", ""]
            lines += [*self._table(rates, lambda scenario: scenario.metric.per_cpu), ""]
        lines += ["## Times and loads", "", *self._details(), ""]
        if failures := [*self._failures()]:
            lines += ["## What failed", "", *failures, ""]
        return "\n".join(lines)

    def _results(self, scenario: Scenario, server: str) -> list[Mapping[str, Any]]:
        return [
            one.result
            for one in self._measurements
            if one.scenario == scenario.name and one.server == server and one.result is not None
        ]

    def _table(
        self, scenarios: Sequence[Scenario], path_of: Callable[[Scenario], tuple[str, ...] | None]
    ) -> Iterator[str]:
        yield row("scenario", "unit", *(server.title for server in self._servers), "to Node", "to python-socketio")
        yield row("---", "---", *("---:" for _ in range(len(self._servers) + 2)))
        for scenario in scenarios:
            path = path_of(scenario)
            unit = scenario.metric.unit + (" (less is better)" if scenario.metric.less_is_better else "")
            figures = (self._cell(scenario, server, path) for server in self._servers)
            ratios = (format_ratio(self.ratio(scenario, peers, path)) for peers in ((NODE,), PYTHON_SOCKETIO))
            yield row(scenario.title, unit, *figures, *ratios)

    def _cell(self, scenario: Scenario, server: Server, path: tuple[str, ...] | None) -> str:
        if not server.applies(scenario):
            return NOT_APPLICABLE
        value = self.median(scenario, server.name, path)
        return FAILED if value is None else format_number(value)

    def _details(self) -> Iterator[str]:
        headings = "p50 ms", "p99 ms", "server CPU s", "server", "of it kernel", "generator", "RSS MB", "spread"
        yield row("scenario", "server", *headings)
        yield row("---", "---", *("---:" for _ in headings))
        for scenario in self._scenarios:
            for server in self._servers:
                if results := self._results(scenario, server.name):
                    yield row(scenario.name, server.title, *self._detail(scenario, server.name, results))

    def _detail(self, scenario: Scenario, server: str, results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        phase = next(name for name in (scenario.metric.phase, "hold", "connect") if name in PHASES & results[0].keys())
        for key in ("p50_ms", "p99_ms", "server_cpu_s"):
            value = self.median(scenario, server, (phase, key)) if key in results[0][phase] else None
            yield NOT_APPLICABLE if value is None else format_number(value)
        for key in ("server_share", "kernel_share", "generator_share"):
            yield f"{100 * (self.median(scenario, server, (phase, key)) or 0):.0f} %"
        yield format_number((self.median(scenario, server, ("rss_kb",)) or 0) / 1024)
        values = [scenario.value(result) for result in results]
        yield f"{max(values) / min(values):.2f}" if min(values) > 0 else NOT_APPLICABLE

    def _failures(self) -> Iterator[str]:
        for one in self._measurements:
            if one.result is None:
                yield f"- {one.scenario}, {one.server}, round {one.round + 1}: {one.error}"


def row(*cells: str) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def format_ratio(ratio: float | None) -> str:
    """Return a ratio with as many digits as mean something."""
    if ratio is None:
        return NOT_APPLICABLE
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def format_number(value: float) -> str:
    """Return a figure with about three digits, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
