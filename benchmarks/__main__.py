"""Measure our server beside others, in turns; ``--help`` tells the options."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import generator, machine
from benchmarks.report import Measurement, Report, format_number
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import DEFAULT_SERVERS, SERVERS, Server, StartFailedError, running

RESULTS = Path(__file__).resolve().parent / "results"
TIMES = ["--warm-up", "0.7", "--seconds", "3"]
QUICK_TIMES = ["--warm-up", "0.3", "--seconds", "1"]


def read_command_line(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; names that are not known are refused."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help="comma-separated; all: %(default)s")
    parser.add_argument(
        "--servers", default=",".join(DEFAULT_SERVERS), help=f"comma-separated, of: {','.join(SERVERS)}"
    )
    parser.add_argument("--rounds", type=int, default=0, help="how often each is measured; default 3, with --quick 1")
    parser.add_argument("--quick", action="store_true", help="one round of one second each: a look, no result")
    parser.add_argument("--name", default="", help="of the files in benchmarks/results; default: the date, or quick")
    options = parser.parse_args(arguments)
    for chosen, known in ((options.scenarios, SCENARIOS), (options.servers, SERVERS)):
        for name in chosen.split(","):
            if name not in known:
                parser.error(f"unknown: {name!r}; there are: {', '.join(known)}")
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.name = options.name or ("quick" if options.quick else f"{datetime.now(UTC):%Y-%m-%d}")
    return options


def plan(scenarios: Sequence[Scenario], servers: Sequence[Server], rounds: int) -> list[tuple[Scenario, int, Server]]:
    """Return what is run, in order: the servers take turns, so that a slower minute falls on all of them."""
    return [
        (scenario, number, server)
        for scenario in scenarios
        for number in range(rounds)
        for server in servers
        if server.applies(scenario)
    ]


def measure(scenario: Scenario, number: int, server: Server, cores: machine.Cores, times: list[str]) -> Measurement:
    """Measure one scenario once on a fresh server."""
    try:
        with running(server, scenario.server, cores) as (port, pid):
            result = generator.measure(scenario, port, pid, cores, times)
    except (StartFailedError, generator.MeasurementError) as error:
        return Measurement(scenario.name, server.name, number, error=str(error))
    return Measurement(scenario.name, server.name, number, result)


def measure_all(runs: Sequence[tuple[Scenario, int, Server]], times: list[str]) -> Iterator[Measurement]:
    """Measure one after the other; say what was found and how much is left."""
    cores = machine.choose_cores()
    begun = time.monotonic()
    for done, (scenario, number, server) in enumerate(runs, 1):
        one = measure(scenario, number, server, cores, times)
        left = (time.monotonic() - begun) / done * (len(runs) - done)
        found = one.error
        if one.result is not None:
            found = f"{format_number(scenario.value(one.result))} {scenario.metric.unit}"
        clock = f"{int(left) // 60}:{int(left) % 60:02}"
        say(f"[{done}/{len(runs)}, {clock} left] {scenario.name}, round {number + 1}, {server.name}: {found}")
        yield one


def say(text: str) -> None:
    """Tell the one who waits."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run everything; return the exit status."""
    options = read_command_line(arguments)
    scenarios = [SCENARIOS[name] for name in options.scenarios.split(",")]
    servers = [SERVERS[name] for name in options.servers.split(",")]
    try:
        generator.build()
    except generator.BuildError as error:
        say(f"No benchmark: {error}")
        return 1
    machine.raise_file_limit()
    facts = machine.describe(generator.find_compiler())
    facts["command"] = shlex.join(["python", "-m", "benchmarks", *arguments])
    measurements: list[Measurement] = []
    report = Report(scenarios, servers, measurements)
    try:
        for one in measure_all(plan(scenarios, servers, options.rounds), QUICK_TIMES if options.quick else TIMES):
            measurements.append(one)
            write(options.name, facts, report, measurements)
    except KeyboardInterrupt:
        say("Interrupted: what was measured is in benchmarks/results.")
    print(report.markdown(facts))
    return 0


def write(name: str, facts: dict[str, str], report: Report, measurements: Sequence[Measurement]) -> None:
    """Write the tables and every single measurement."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(report.markdown(facts), encoding="utf-8")
    everything = {"facts": facts, "measurements": [asdict(one) for one in measurements]}
    (RESULTS / f"{name}.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
