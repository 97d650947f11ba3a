"""Keep thousands of streams of notifications open on the real server while some vanish without a FIN, and are replaced.

In the end descriptors, tasks and memory have to be what they were, and everyone has to have got each notification once.
The table is printed and written to ``benchmarks/results/soak.md``, all figures to ``soak.json``. It needs Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.request import Request, urlopen

from benchmarks import machine
from benchmarks.chat.population import Population
from benchmarks.site import Site, StartFailedError, WrongAnswerError, running_site
from benchmarks.soak.figures import PATIENCE_SECONDS, Figures, look, markdown
from benchmarks.soak.streams import KINDS, Crowd, Seat

RESULTS = Path(__file__).resolve().parents[1] / "results"
NOTIFIED_AT_ONCE = 500
SHARE_NOTIFIED = 0.1
"""How many of all users get a notification each second."""

LOOKS = 10
"""How often it is looked during the load."""


class Extent(NamedTuple):
    """``vanishing`` percent of the streams of each kind vanish each minute; ``heartbeat`` is the server's setting."""

    sse: int
    websockets: int
    minutes: float
    vanishing: float
    heartbeat: float


FULL = Extent(2000, 2000, minutes=5.0, vanishing=20.0, heartbeat=30.0)
QUICK = Extent(6, 6, minutes=0.05, vanishing=2000.0, heartbeat=2.0)


class Soak:
    """One run on one server."""

    def __init__(self, site: Site, extent: Extent) -> None:
        self._port = site.port
        self._extent = extent
        self._rng = Random(1)  # noqa: S311 - the same in every run
        self._begun = time.monotonic()
        self._token, self._seats = asyncio.run(self._make_seats(site))
        self._sent = {seat.who.user.id: 0 for seat in self._seats}
        self._crowd = Crowd(site.port, self._seats)
        self.looks: list[Figures] = []

    def run(self) -> dict[str, int]:
        """Return how much there was; WrongAnswerError when something did not arrive, or did not come back."""
        self._look("fresh")
        # What is made once and kept, such as connections to the database, is there after this.
        self._crowd.open()
        self._notify([*self._sent])
        self._crowd.catch_up(self._sent)
        self._crowd.close()
        start = self._wait_for_rest("start", None)
        self._crowd.open()
        self._load()
        self._crowd.catch_up(self._sent)
        self._look("after the load")
        self._crowd.close()
        self._wait_for_rest("end", start)
        counts = {"opened": self._crowd.opened, "vanished": self._crowd.vanished, "sent": sum(self._sent.values())}
        self._crowd.bury()
        return counts

    def _load(self) -> None:
        seconds = 60 * self._extent.minutes
        begun = time.monotonic()
        due = dict.fromkeys(KINDS, 0.0)
        looked = passed = 0.0
        while passed < seconds:
            before, passed = passed, time.monotonic() - begun
            self._notify(self._rng.sample([*self._sent], max(1, int(SHARE_NOTIFIED * len(self._sent)))))
            for kind in KINDS:
                seats = [seat for seat in self._seats if seat.kind == kind]
                due[kind] += len(seats) * self._extent.vanishing / 100 * (passed - before) / 60
                count = min(int(due[kind]), len(seats))
                due[kind] -= count
                self._crowd.replace(self._rng.sample(seats, count))
            if passed - looked >= seconds / LOOKS:
                looked = passed
                self._look(f"load, {passed:.0f} s")
            self._crowd.read(min(1.0, seconds / LOOKS))

    def _notify(self, user_ids: Sequence[str]) -> None:
        for first in range(0, len(user_ids), NOTIFIED_AT_ONCE):
            some = user_ids[first : first + NOTIFIED_AT_ONCE]
            body = json.dumps({"user_ids": some, "type": "system", "title": "soak", "content": "x" * 200})
            headers = {"Authorization": f"Bearer {self._token}"}
            url = f"http://127.0.0.1:{self._port}/api/notifications"
            request = Request(url, body.encode(), headers)
            with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - it is our own server
                answer.read()
            for user_id in some:
                self._sent[user_id] += 1

    def _wait_for_rest(self, moment: str, start: Figures | None) -> Figures:
        """Look when no stream is left and, with a ``start``, all is as it was then."""
        end = time.monotonic() + 4 * self._extent.heartbeat + PATIENCE_SECONDS
        while True:
            found = look(self._port, self._token, moment, self._passed)
            is_over = time.monotonic() > end
            if is_over or (found.is_back_at(start) if start else not found.streams):
                break
            time.sleep(0.25)
        self._keep(found)
        if is_over:
            raise WrongAnswerError(f"it did not come back: {found}, at the start: {start}")
        return found

    def _look(self, moment: str) -> None:
        self._keep(look(self._port, self._token, moment, self._passed))

    def _keep(self, figures: Figures) -> None:
        self.looks.append(figures)
        print(figures, file=sys.stderr, flush=True)

    @property
    def _passed(self) -> float:
        return round(time.monotonic() - self._begun, 1)

    async def _make_seats(self, site: Site) -> tuple[str, list[Seat]]:
        async with Population.open(site) as population:
            token = await population.operator("operator")
            numbers = zip(KINDS, (self._extent.sse, self._extent.websockets), strict=True)
            return token, [
                Seat(who, kind)
                for kind, count in numbers
                for who in await population.members(count, f"{kind.lower()}x")
            ]


def read_command_line(arguments: Sequence[str]) -> tuple[Extent, str]:
    """Return how much is run, and the name of the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    for name, text in (
        ("sse", "streams of Server-Sent Events"),
        ("websockets", "raw WebSockets"),
        ("minutes", "how long the load lasts"),
        ("vanishing", "percent of the streams that vanish each minute"),
        ("heartbeat", "seconds between two signs of life"),
    ):
        kind = type(getattr(FULL, name))
        parser.add_argument(f"--{name}", type=kind, help=f"{text}; default: {getattr(FULL, name)}")
    parser.add_argument("--quick", action="store_true", help="a few streams for a few seconds: a look, no result")
    parser.add_argument("--name", default="", help="of the files in benchmarks/results; default: soak, or quick")
    options = parser.parse_args(arguments)
    given = {name: value for name in Extent._fields if (value := getattr(options, name)) is not None}
    extent = (QUICK if options.quick else FULL)._replace(**given)
    return extent, options.name or ("quick" if options.quick else "soak")


def main(arguments: Sequence[str]) -> int:
    """Run everything; return the exit status."""
    extent, name = read_command_line(arguments)
    machine.raise_file_limit()
    facts = machine.describe("cc")
    facts["command"] = shlex.join(["python", "-m", "benchmarks.soak", *arguments])
    facts |= {name: f"{value:g}" for name, value in extent._asdict().items()}
    try:
        with running_site(lambda _: [f"--ws_heartbeat_interval={extent.heartbeat}"]) as site:
            soak = Soak(site, extent)
            counts = soak.run()
    except (StartFailedError, WrongAnswerError) as error:
        print(f"No figures: {error}", file=sys.stderr)
        return 1
    text = markdown(facts, soak.looks, counts)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    everything = {"facts": facts, "looks": [*map(asdict, soak.looks)], "counts": counts}
    (RESULTS / f"{name}.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with us
    sys.exit(main(sys.argv[1:]))
