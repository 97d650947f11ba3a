"""The figures of prices and their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report import format_number, row

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Figures:
    """What was found with one crowd; times of a push are medians of all pushes, but for the worst."""

    crowd: str
    pushes: int
    first_ms: float
    median_ms: float
    last_ms: float
    worst_last_ms: float
    answer_ms: float
    server_cpu_ms: float
    """Of one push."""
    client_share: float
    started_bytes: int
    connected_bytes: int
    pushed_bytes: int
    quiet_p50_ms: float
    quiet_p99_ms: float
    busy_p50_ms: float
    busy_p99_ms: float


def markdown(facts: Mapping[str, str], figures: Sequence[Figures]) -> str:
    """Return the whole report."""
    lines = ["# Prices", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    headings = ("first ms", "median", "last", "worst last", "answer", "server CPU ms", "client")
    lines += ["## A push", "", row("crowd", *headings), row("---", *("---:" for _ in headings))]
    for one in figures:
        times = (one.first_ms, one.median_ms, one.last_ms, one.worst_last_ms, one.answer_ms, one.server_cpu_ms)
        lines.append(row(one.crowd, *map(format_number, times), f"{100 * one.client_share:.0f} %"))
    headings = ("started MB", "connected", "after the pushes")
    lines += ["", "## Memory of the server", "", row("crowd", *headings), row("---", *("---:" for _ in headings))]
    for one in figures:
        sizes = (one.started_bytes, one.connected_bytes, one.pushed_bytes)
        lines.append(row(one.crowd, *(format_number(size / MEBIBYTE) for size in sizes)))
    headings = ("nothing else p50 ms", "p99", "pushes meanwhile p50", "p99")
    lines += ["", "## GET /api/signals/buy", "", row("crowd", *headings), row("---", *("---:" for _ in headings))]
    for one in figures:
        times = (one.quiet_p50_ms, one.quiet_p99_ms, one.busy_p50_ms, one.busy_p99_ms)
        lines.append(row(one.crowd, *map(format_number, times)))
    return "\n".join([*lines, ""])
