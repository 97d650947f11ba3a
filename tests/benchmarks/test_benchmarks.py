"""The benchmark's own tests: one short run end to end, and the arithmetic of its tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from benchmarks import generator
from benchmarks.__main__ import measure, plan, read_command_line
from benchmarks.machine import choose_cores
from benchmarks.report import Measurement, Report, format_number, format_ratio
from benchmarks.scenarios import ECHOES, MEMORY, SCENARIOS, Feature, Scenario
from benchmarks.servers import DEFAULT_SERVERS, NODE, OURS, SERVERS, Server, running

SHORT = ["--warm-up", "0", "--seconds", "0.5"]
SMALL = "--clients 4"
FORMATS = {
    "text": "--flow echo --flow ack --flow broadcast,rooms=2",
    "msgpack": "--format msgpack --flow echo --flow ack --flow broadcast",
    "binary": "--format binary --flow echo,size=70000",
    "polling": "--transport polling --flow echo",
    "Engine.IO 3": "--engine-version 3 --flow echo",
    "Engine.IO 3 polling": "--engine-version 3 --transport polling --flow echo",
    "upgrade": "--transport upgrade --flow echo",
    "misbehaving": "--stalled 1 --flooding 1 --trickling 1 --flow echo,rate=100 --flow broadcast,rate=100",
}

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="the load generator needs a C compiler")


def scenario(load: str) -> Scenario:
    return Scenario("test", "a test", ECHOES, f"{SMALL} {load}")


@pytest.fixture(scope="module")
def ours() -> Iterator[tuple[int, int]]:
    """One server of ours for many runs: its port and process id."""
    generator.build()
    with running(SERVERS[OURS], {}, choose_cores()) as address:
        yield address


@needs_compiler
@pytest.mark.parametrize("load", FORMATS.values(), ids=FORMATS.keys())
def test_a_short_run_finds_every_answer_right(ours: tuple[int, int], load: str) -> None:
    result = generator.measure(scenario(load), *ours, choose_cores(), SHORT)
    assert all(flow["count"] > 0 for flow in result["traffic"]["flows"])


@needs_compiler
def test_clients_that_come_back_are_timed(ours: tuple[int, int]) -> None:
    result = generator.measure(scenario("--storm --hold 0.1"), *ours, choose_cores(), SHORT)
    assert result["storm"]["count"] == result["connect"]["count"] == 4
    assert result["storm"]["p99_ms"] > 0


WRONG_SERVER = """
from benchmarks import server
from server.realtime.sockets import Socket
Socket.emit = (lambda emit: lambda self, event, data: emit(self, event, data.replace("z", "y")))(Socket.emit)
server.main()
"""


@needs_compiler
def test_a_wrong_answer_is_no_figure() -> None:
    """A server that changes one letter of what it echoes."""
    command = (SERVERS[OURS].command[0], "-c", WRONG_SERVER)
    generator.build()
    one = measure(scenario("--flow echo,size=64"), 0, Server("wrong", "wrong", command), choose_cores(), SHORT)
    assert one.result is None
    assert one.error.startswith("wrong answer")


def test_a_server_that_does_not_start_is_told() -> None:
    command = (SERVERS[OURS].command[0], "-c", "raise SystemExit('no such thing')")
    one = measure(SCENARIOS["echo"], 2, Server("broken", "broken", command), choose_cores(), SHORT)
    assert one == Measurement("echo", "broken", 2, error="the server ended at once: no such thing")


def test_servers_take_turns_and_are_spared_what_they_cannot() -> None:
    servers = [SERVERS[name] for name in (OURS, NODE, "tornado")]
    runs = plan([SCENARIOS["echo"], SCENARIOS["msgpack"]], servers, 2)
    order = [(chosen.name, number, server.name) for chosen, number, server in runs]
    assert order == [
        *(("echo", number, name) for number in (0, 1) for name in (OURS, NODE, "tornado")),
        *(("msgpack", number, name) for number in (0, 1) for name in (OURS, NODE)),
    ]


def test_a_server_is_given_the_options_it_knows() -> None:
    options = {"format": "msgpack", "ping-interval": "5"}
    assert SERVERS[NODE].command_line(9, options)[-6:] == ["--port", "9", "--format", "msgpack", "--ping-interval", "5"]
    assert SERVERS[OURS].command_line(9, options)[-4:] == ["--port", "9", "--ping-interval", "5"]


def test_the_command_line_refuses_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_command_line(["--quick"]).rounds == 1
    assert read_command_line([]).rounds == 3
    assert read_command_line([]).servers.split(",") == list(DEFAULT_SERVERS)
    with pytest.raises(SystemExit):
        read_command_line(["--scenarios", "echo,nonsense"])
    assert "nonsense" in capsys.readouterr().err


# The tables.

MORE = Scenario("more", "more of it", ECHOES, "")
LESS = Scenario("less", "less of it", MEMORY, "", scale=2.0)
ONLY_SOME = Scenario("some", "only some", ECHOES, "", frozenset({Feature.MSGPACK}))


def rates(kind: Scenario, server: str, *figures: float) -> list[Measurement]:
    def result(figure: float) -> Mapping[str, Any]:
        times = {
            "server_cpu_s": 0.5,
            "server_share": 0.5,
            "kernel_share": 0.25,
            "generator_share": 0.1,
            "p50_ms": 1.0,
            "p99_ms": 2.0,
        }
        phase = {"per_s": figure, "per_cpu_s": 2 * figure, **times}
        return {"traffic": phase, "rss_bytes_per_client": figure, "rss_kb": 1024}

    return [Measurement(kind.name, server, number, result(figure)) for number, figure in enumerate(figures)]


def report(*measurements: Measurement) -> Report:
    names = (OURS, NODE, "psio-uvicorn", "psio-aiohttp", "tornado")
    return Report([MORE, LESS, ONLY_SOME], [SERVERS[name] for name in names], measurements)


def test_the_middle_round_counts() -> None:
    made = report(*rates(MORE, OURS, 30, 10, 20), *rates(MORE, NODE, 4, 8), Measurement("more", NODE, 2, error="broke"))
    assert made.median(MORE, OURS) == 20
    assert made.median(MORE, OURS, ECHOES.per_cpu) == 40
    assert made.median(MORE, NODE) == 6
    assert made.median(MORE, "tornado") is None


def test_a_ratio_is_taken_to_the_better_of_several_peers() -> None:
    figures = {OURS: 10, "psio-uvicorn": 2, "psio-aiohttp": 5}
    more, less = (
        [one for name, figure in figures.items() for one in rates(kind, name, figure)] for kind in (MORE, LESS)
    )
    made = report(*more, *less)
    peers = ("psio-uvicorn", "psio-aiohttp")
    assert made.ratio(MORE, peers) == 2
    assert made.ratio(LESS, peers) == 5
    assert made.ratio(MORE, (NODE,)) is None


def test_a_figure_is_scaled() -> None:
    assert report(*rates(LESS, OURS, 10)).median(LESS, OURS) == 20


def test_the_table_tells_what_failed_and_what_does_not_apply() -> None:
    made = report(*rates(ONLY_SOME, OURS, 1000), Measurement("some", NODE, 0, error="lost its way"))
    text = made.markdown({"kernel": "some kernel"})
    assert "- kernel: some kernel" in text
    assert "| only some | messages/s | 1,000 | failed | failed | failed | – | – | – |" in text
    assert "- some, node, round 1: lost its way" in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.1234, "0.123"), (12.34, "12.3"), (123.4, "123"), (1234567.0, "1,234,567")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert format_number(value) == text


def test_ratios_are_short() -> None:
    assert [format_ratio(value) for value in (None, 1.234, 12.34)] == ["–", "1.23", "12"]
