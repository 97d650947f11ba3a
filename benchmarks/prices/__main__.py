"""Measure a push of changed quotes to thousands of subscribers of the real server, and signals meanwhile.

The tables are printed and written to ``benchmarks/results/prices.md``, all figures to ``prices.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import shlex
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine
from benchmarks.chat.population import Population
from benchmarks.chat.report import percentile_ms
from benchmarks.prices.asking import ask
from benchmarks.prices.listing import Listing
from benchmarks.prices.report import Figures, markdown
from benchmarks.prices.subscribers import PushTimes, RawSubscriber, SocketIOSubscriber, Subscriber, Subscribers
from benchmarks.site import Site, StartFailedError, WrongAnswerError, running_site

RESULTS = Path(__file__).resolve().parents[1] / "results"
IDLE_SHARE = 0.05
KINDS: dict[str, type[Subscriber]] = {"WebSocket": RawSubscriber, "Socket.IO": SocketIOSubscriber}


class Extent(NamedTuple):
    """How much is measured: pushes ``pause`` seconds apart, and ``slow_pause`` while signals are asked for."""

    subscribers: int
    stocks: int
    signals: int
    pushes: int
    pause: float
    slow_pause: float
    requests: int
    rate: float


FULL = Extent(5000, 500, 50, pushes=10, pause=1.0, slow_pause=3.0, requests=1000, rate=100)
QUICK = Extent(40, 12, 4, pushes=2, pause=0.05, slow_pause=0.1, requests=20, rate=50)


class Bench:
    """One crowd of one server."""

    def __init__(self, site: Site, extent: Extent, listing: Listing, asker: Executor) -> None:
        self._site = site
        self._extent = extent
        self._asker = asker
        self._listing = listing

    def measure(self, kind: str, idle: int) -> Figures:
        """Connect everyone, and measure; those that do not read do not from the first push on."""
        extent, site = self._extent, self._site
        crowd = f"{extent.subscribers:,} {kind}" + (f", {idle:,} of them do not read" if idle else "")
        started = site.server_bytes()
        tokens = asyncio.run(self._tokens()) if kind == "Socket.IO" else [""] * extent.subscribers
        subscribers = Subscribers(site.port, self._listing, KINDS[kind], tokens, idle)
        try:
            connected = site.server_bytes()
            quiet, _ = self._ask(subscribers, 0, pushing=False)
            busy, warm = self._ask(subscribers, extent.rate, pushing=True)
            cpu, client, begun = site.server_seconds(), time.process_time(), time.monotonic()
            pushes = self._push(subscribers)
            cpu, client = site.server_seconds() - cpu, time.process_time() - client
            wall = time.monotonic() - begun
            pushed = site.server_bytes()
            subscribers.catch_up()
        finally:
            subscribers.close()
        first, median, last, answer = (
            1000 * statistics.median(getattr(push, name) for push in pushes) for name in PushTimes._fields
        )
        return Figures(
            crowd=crowd,
            pushes=len(pushes),
            first_ms=first,
            median_ms=median,
            last_ms=last,
            worst_last_ms=1000 * max(push.last for push in [*warm, *pushes]),
            answer_ms=answer,
            server_cpu_ms=1000 * cpu / len(pushes),
            client_share=client / wall,
            started_bytes=started,
            connected_bytes=connected,
            pushed_bytes=pushed,
            quiet_p50_ms=percentile_ms(quiet, 0.5),
            quiet_p99_ms=percentile_ms(quiet, 0.99),
            busy_p50_ms=percentile_ms(busy, 0.5),
            busy_p99_ms=percentile_ms(busy, 0.99),
        )

    def _push(self, subscribers: Subscribers) -> list[PushTimes]:
        pushes = []
        for _ in range(self._extent.pushes):
            pushes.append(subscribers.push())
            subscribers.rest(max(0.0, self._extent.pause - pushes[-1].last))
        return pushes

    def _ask(self, subscribers: Subscribers, rate: float, *, pushing: bool) -> tuple[list[float], list[PushTimes]]:
        """Ask for signals while nothing happens, or while prices are pushed."""
        asked = self._asker.submit(ask, self._site.port, self._extent.signals, self._extent.requests, rate)
        pushes = []
        while not asked.done():
            if pushing:
                pushes.append(subscribers.push())
            subscribers.rest(self._extent.slow_pause)
        return asked.result(), pushes

    async def _tokens(self) -> list[str]:
        async with Population.open(self._site) as population:
            return [one.token for one in await population.members(self._extent.subscribers, "subscriber")]


def measure(extent: Extent) -> list[Figures]:
    """Measure every crowd, each on a server of its own."""
    listing = Listing(extent.stocks, extent.signals)
    figures = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as asker:
        asker.submit(time.monotonic).result()  # it is there before anything is measured
        for kind in KINDS:
            for idle in (0, int(extent.subscribers * IDLE_SHARE)):
                with running_site(listing.prepare) as site:
                    figures.append(Bench(site, extent, listing, asker).measure(kind, idle))
                _say(figures[-1])
    return figures


def _say(one: Figures) -> None:
    """Tell the one who waits."""
    text = f"{one.crowd}: last {one.last_ms:.0f} ms; signals p99 {one.quiet_p99_ms:.1f} and {one.busy_p99_ms:.1f} ms"
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run everything; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prices", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of everything, once: a look, no result")
    parser.add_argument("--name", default="", help="of the files in benchmarks/results; default: prices, or quick")
    options = parser.parse_args(arguments)
    machine.raise_file_limit()
    facts = machine.describe("cc")
    facts["command"] = shlex.join(["python", "-m", "benchmarks.prices", *arguments])
    try:
        figures = measure(QUICK if options.quick else FULL)
    except (StartFailedError, WrongAnswerError) as error:
        print(f"No figures: {error}", file=sys.stderr)
        return 1
    text = markdown(facts, figures)
    RESULTS.mkdir(exist_ok=True)
    name = options.name or ("quick" if options.quick else "prices")
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    everything = {"facts": facts, "prices": [*map(asdict, figures)]}
    (RESULTS / f"{name}.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with us
    sys.exit(main(sys.argv[1:]))
