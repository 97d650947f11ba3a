"""Measure chat on the real server: writing with many members connected, reading where a million messages are stored.

The tables are printed and written to ``benchmarks/results/chat.md``, every round to ``chat.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import cycle
from pathlib import Path

from benchmarks import machine
from benchmarks.chat.crowd import Crowd
from benchmarks.chat.history import Reader, queries
from benchmarks.chat.loads import FULL, QUICK, CrowdSize, Extent, Load
from benchmarks.chat.population import Population, Shelf, Signed
from benchmarks.chat.report import QueryFigures, TrafficFigures, markdown, percentile_ms
from benchmarks.site import Site, StartFailedError, WrongAnswerError, running_site

RESULTS = Path(__file__).resolve().parents[1] / "results"
WRITERS = 40
"""How many have written the stored history, and read it: what one may make, and search, is limited."""


class Bench:
    """One run over one server."""

    def __init__(self, site: Site, extent: Extent) -> None:
        self._site = site
        self._extent = extent
        self._begun = time.monotonic()

    def traffic(self) -> Iterator[TrafficFigures]:
        """Measure every load of every crowd."""
        for number, (size, loads) in enumerate(self._extent.crowds):
            groups = asyncio.run(self._make_groups(size, f"crowd{number}x"))
            crowd = Crowd(self._site.port, groups)
            self._say(f"{size.title}: connected")
            try:
                for load in loads:
                    for round_ in range(self._extent.rounds):
                        yield self._measure(crowd, size, load, round_)
            finally:
                crowd.close()

    def history(self) -> Iterator[QueryFigures]:
        """Store what is read, and measure every query."""
        readers, shelves = asyncio.run(self._make_history())
        connection = Reader(self._site.port, readers)
        try:
            for query in queries(shelves, self._extent.requests):
                times = connection.measure(query)
                p50, p99 = (percentile_ms(times, share) for share in (0.5, 0.99))
                self._say(f"{query.name}: {p50:.1f} ms, p99 {p99:.1f} ms")
                yield QueryFigures(query.name, len(times), p50, p99)
        finally:
            connection.close()

    def _measure(self, crowd: Crowd, size: CrowdSize, load: Load, round_: int) -> TrafficFigures:
        site, seconds = self._site, self._extent.seconds
        begun = time.monotonic()
        clocks = site.server_seconds, site.database_seconds, time.process_time
        before = [clock() for clock in clocks]
        traffic = crowd.talk(load.rate, self._extent.warm_up, seconds)
        wall = time.monotonic() - begun
        server, database, client = ((clock() - was) / wall for clock, was in zip(clocks, before, strict=True))
        figures = TrafficFigures(
            crowd=size.title,
            load=load.title,
            round=round_,
            acked_per_s=len(traffic.acked) / seconds,
            delivered_per_s=len(traffic.delivered) / seconds,
            ack_p50_ms=percentile_ms(traffic.acked, 0.5),
            ack_p99_ms=percentile_ms(traffic.acked, 0.99),
            delivery_p50_ms=percentile_ms(traffic.delivered, 0.5),
            delivery_p99_ms=percentile_ms(traffic.delivered, 0.99),
            server_share=server,
            database_share=database,
            client_share=client,
        )
        found = f"{figures.acked_per_s:,.0f} acked/s, p50 {figures.ack_p50_ms:.1f} ms, p99 {figures.ack_p99_ms:.1f} ms"
        self._say(f"{size.title}, {load.title}, round {round_ + 1}: {found}")
        return figures

    async def _make_groups(self, size: CrowdSize, prefix: str) -> list[tuple[str, Sequence[Signed]]]:
        async with Population.open(self._site) as population:
            members = await population.members(size.members, prefix)
            cut = [members[start : start + size.group] for start in range(0, size.members, size.group)]
            return [(await population.group(inside), inside) for inside in cut]

    async def _make_history(self) -> tuple[Sequence[Signed], list[Shelf]]:
        extent = self._extent
        sizes = [extent.long_conversation, *[extent.conversation] * (extent.conversations - 1)]
        async with Population.open(self._site) as population:
            writers = await population.members(WRITERS, "writer")
            founders = cycle([[*writers[first:], *writers[:first]] for first in range(WRITERS)])
            shelves = [Shelf(await population.group(next(founders)), size) for size in sizes]
            told = 0
            async for stored in population.fill(shelves, writers):
                if stored - told >= extent.messages // 5:
                    told = stored
                    self._say(f"{stored:,} messages stored")
        return writers, shelves

    def _say(self, text: str) -> None:
        """Tell the one who waits."""
        print(f"[{time.monotonic() - self._begun:3.0f} s] {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run everything; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of everything, once: a look, no result")
    parser.add_argument("--only", choices=("writing", "reading"), help="leave out the other half")
    parser.add_argument("--name", default="", help="of the files in benchmarks/results; default: chat, or quick")
    options = parser.parse_args(arguments)
    extent = QUICK if options.quick else FULL
    machine.raise_file_limit()
    facts = machine.describe("cc")
    facts["command"] = shlex.join(["python", "-m", "benchmarks.chat", *arguments])
    try:
        with running_site() as site:
            bench = Bench(site, extent)
            traffic = [] if options.only == "reading" else list(bench.traffic())
            history = [] if options.only == "writing" else list(bench.history())
    except (StartFailedError, WrongAnswerError) as error:
        print(f"No figures: {error}", file=sys.stderr)
        return 1
    text = markdown(facts, traffic, extent.messages, history)
    RESULTS.mkdir(exist_ok=True)
    name = options.name or ("quick" if options.quick else "chat")
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    everything = {"facts": facts, "writing": [*map(asdict, traffic)], "reading": [*map(asdict, history)]}
    (RESULTS / f"{name}.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with us
    sys.exit(main(sys.argv[1:]))
