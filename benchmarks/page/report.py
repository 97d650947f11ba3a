"""The table in which the page's figures are told."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report import format_number, row

SMOOTH_MS = 1000 / 60 + 1.0
"""A frame of a screen of 60 Hz, and what its clock is off."""


@dataclass(frozen=True)
class Paint:
    """For each visit: when something was painted first, and when the page was live, in ms since it was asked for."""

    painted: Sequence[float]
    live: Sequence[float]


@dataclass(frozen=True)
class Frames:
    """The times between frames, in ms, while something went on."""

    what: str
    times: Sequence[float]

    @property
    def per_second(self) -> float:
        """How many frames were shown a second."""
        return 1000 * len(self.times) / sum(self.times)

    @property
    def late(self) -> float:
        """How many of a hundred frames came late."""
        return 100 * sum(time > SMOOTH_MS for time in self.times) / len(self.times)


def markdown(facts: Mapping[str, str], paint: Paint, frames: Sequence[Frames]) -> str:
    """Return the whole report."""
    lines = ["# The page", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    lines += ["## The signed-in page, files in the browser's cache", ""]
    lines += [row("until", "median ms", "worst"), row("---", "---:", "---:")]
    for name, times in (("first paint", paint.painted), ("live", paint.live)):
        lines.append(row(name, format_number(statistics.median(times)), format_number(max(times))))
    lines += ["", "## Frames", "", row("while", "a second", "median ms", "p99", "late %"), row("---", *["---:"] * 4)]
    for one in frames:
        ordered = sorted(one.times)
        cells = one.per_second, statistics.median(ordered), ordered[int(0.99 * len(ordered))], one.late
        lines.append(row(one.what, *map(format_number, cells)))
    return "\n".join([*lines, ""])
