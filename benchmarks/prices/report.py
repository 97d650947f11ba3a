"""The figures of prices and their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    lines = ["# Prices", "", *(f"- {name}: {value}" for name, value in facts.items()), "", "## A push", ""]
    headings: tuple[str, ...] = "first ms", "median", "last", "worst last", "answer", "server CPU ms", "client %"
    lines += _table(headings, {one.crowd: _push(one) for one in figures})
    lines += ["", "## Memory of the server", ""]
    lines += _table(("started MB", "connected", "after the pushes"), {one.crowd: _memory(one) for one in figures})
    lines += ["", "## GET /api/signals/buy", ""]
    headings = "nothing else p50 ms", "p99", "pushes meanwhile p50", "p99"
    lines += _table(headings, {one.crowd: _signals(one) for one in figures})
    return "\n".join([*lines, ""])


def _push(one: Figures) -> Sequence[float]:
    share = 100 * one.client_share
    return one.first_ms, one.median_ms, one.last_ms, one.worst_last_ms, one.answer_ms, one.server_cpu_ms, share


def _memory(one: Figures) -> Sequence[float]:
    return [size / MEBIBYTE for size in (one.started_bytes, one.connected_bytes, one.pushed_bytes)]


def _signals(one: Figures) -> Sequence[float]:
    return one.quiet_p50_ms, one.quiet_p99_ms, one.busy_p50_ms, one.busy_p99_ms


def _table(headings: Sequence[str], crowds: Mapping[str, Sequence[float]]) -> Iterator[str]:
    yield row("crowd", *headings)
    yield row("---", *("---:" for _ in headings))
    for crowd, cells in crowds.items():
        yield row(crowd, *map(format_number, cells))
