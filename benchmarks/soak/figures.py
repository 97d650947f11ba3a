"""What the server says of itself in its metrics, and whether it has come back to what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.report import format_number, row

MEBIBYTE = 1 << 20
PATIENCE_SECONDS = 30.0
SPARE_DESCRIPTORS = 8
"""The database's pool keeps a connection more or less."""

SPARE_TASKS = 4
SPARE_MEMORY = 1.1


@dataclass(frozen=True)
class Figures:
    """One look."""

    moment: str
    seconds: float
    descriptors: int
    tasks: int
    bytes: int
    streams: int
    rooms: int

    def is_back_at(self, start: Figures) -> bool:
        """Tell whether nothing is left of what was between ``start`` and this."""
        return (
            self.streams == start.streams
            and self.rooms <= start.rooms
            and self.descriptors <= start.descriptors + SPARE_DESCRIPTORS
            and self.tasks <= start.tasks + SPARE_TASKS
            and self.bytes <= start.bytes * SPARE_MEMORY
        )


def look(port: int, token: str, moment: str, seconds: float) -> Figures:
    """Ask the server."""
    request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - it is our own server
        text = answer.read().decode()
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.type == "gauge":
            sums[family.name.removeprefix("stock_insight_")] = sum(sample.value for sample in family.samples)
    names = "process_open_fds", "loop_tasks", "process_resident_memory_bytes", "connections", "rooms"
    return Figures(moment, seconds, *(int(sums[name]) for name in names))


def markdown(facts: Mapping[str, str], looks: Sequence[Figures], counts: Mapping[str, int]) -> str:
    """Return the whole report."""
    lines = ["# Soak", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    lines += [row("moment", "s", "descriptors", "tasks", "memory MB", "streams", "rooms"), row("---", *["---:"] * 6)]
    for one in looks:
        cells = one.seconds, one.descriptors, one.tasks, one.bytes / MEBIBYTE, one.streams, one.rooms
        lines.append(row(one.moment, *map(format_number, cells)))
    lines += ["", *(f"- {name}: {value:,}" for name, value in counts.items()), ""]
    return "\n".join(lines)
