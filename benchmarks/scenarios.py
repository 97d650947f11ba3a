"""What is measured: each scenario is one run of the load generator against a fresh server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple


class Feature(Enum):
    """What a server must be able to do for a scenario to apply to it."""

    POLLING = "long-polling"
    UPGRADE = "upgrade"
    HEARTBEAT = "heartbeat"
    BINARY = "binary"
    MSGPACK = "msgpack"
    ENGINEIO_3 = "Engine.IO 3"


class Metric(NamedTuple):
    """The figure of a scenario: where it stands in the generator's result, and how to read it."""

    path: tuple[str, ...]
    unit: str
    less_is_better: bool = False
    per_cpu: tuple[str, ...] | None = None
    """Where the same stands per CPU second of the server, which a busy machine disturbs less."""

    @property
    def phase(self) -> str:
        """The phase of the run whose times are told."""
        return self.path[0]


def rate(phase: str, unit: str) -> Metric:
    """Return the metric of how many there were in a second."""
    return Metric((phase, "per_s"), unit, per_cpu=(phase, "per_cpu_s"))


ECHOES = rate("traffic", "messages/s")
DELIVERIES = rate("traffic", "deliveries/s")
CONNECTIONS = rate("connect", "clients/s")
RETURNS = rate("storm", "clients/s")
MEMORY = Metric(("rss_bytes_per_client",), "bytes/client", less_is_better=True)
HEARTBEAT = Metric(("hold", "server_share"), "% of a core", less_is_better=True)
CPU = Metric(("traffic", "server_share"), "% of a core", less_is_better=True)
WAITING = Metric(("traffic", "p99_ms"), "ms, p99", less_is_better=True)


@dataclass(frozen=True)
class Scenario:
    """One row of the table."""

    name: str
    title: str
    metric: Metric
    load: str
    """Options of the load generator."""
    needs: frozenset[Feature] = frozenset()
    server: Mapping[str, str] = field(default_factory=dict)
    """Options of the server; each takes those it knows."""
    scale: float = 1.0
    """What turns the figure into the one of the table."""

    def value(self, result: Mapping[str, Any], path: tuple[str, ...] | None = None) -> float:
        """Return the figure in a result, or another one that stands beside it."""
        found: Any = result
        for key in path or self.metric.path:
            found = found[key]
        return float(found) * (1.0 if path else self.scale)


PING_INTERVAL, SHORT_PING_INTERVAL = 25.0, 5.0
PERCENT = 100.0
PACED_ECHO = "--clients 100 --flow echo,size=64,rate=1000"
COMMUNITY = (
    "--clients 1000 --flow broadcast,size=200,rooms=100,rate=100 --flow ack,size=200,rate=100"
    " --flow broadcast,size=40,rooms=100,rate=200 --flow broadcast,size=512,rate=1"
)


def _throughput() -> Iterator[Scenario]:
    yield Scenario("echo", "echo, 100 clients, 64 B", ECHOES, "--clients 100 --flow echo,size=64")
    yield Scenario("echo-deep", "echo, 16 deep", ECHOES, "--clients 100 --flow echo,size=64,depth=16")
    yield Scenario("echo-large", "echo, 10 clients, 16 KiB", ECHOES, "--clients 10 --flow echo,size=16384")
    yield Scenario("ack", "ack, 100 clients, 64 B", ECHOES, "--clients 100 --flow ack,size=64")
    for count in (1000, 5000):
        readers, stalled = count * 95 // 100, count * 5 // 100
        title = f"fan-out to {count:,}, 256 B"
        flow = "--flow broadcast,size=256"
        yield Scenario(f"fanout-{count}", title, DELIVERIES, f"--clients {count} {flow}")
        load = f"--clients {readers} --stalled {stalled} {flow}"
        yield Scenario(f"fanout-{count}-stalled", f"{title}, 5 % do not read", DELIVERIES, load)


def _connecting() -> Iterator[Scenario]:
    yield Scenario("connect", "connect, 2,000 clients, 64 at a time", CONNECTIONS, "--clients 2000")
    yield Scenario("storm", "2,000 clients drop and come back at once", RETURNS, "--clients 2000 --storm")
    upgrade = frozenset({Feature.POLLING, Feature.UPGRADE})
    title = "polling to WebSocket, 1,000 clients, 64 at a time"
    yield Scenario("upgrade", title, CONNECTIONS, "--clients 1000 --transport upgrade", upgrade)


def _formats() -> Iterator[Scenario]:
    polling = frozenset({Feature.POLLING})
    load = "--clients 100 --transport polling --flow echo,size=64"
    yield Scenario("polling", "long-polling echo, 100 clients, 64 B", ECHOES, load, polling)
    load = "--clients 100 --format msgpack --flow echo,size=64"
    msgpack = frozenset({Feature.MSGPACK})
    yield Scenario("msgpack", "echo with msgpack, 100 clients, 64 B", ECHOES, load, msgpack, {"format": "msgpack"})
    load = "--clients 10 --format binary --flow echo,size=65536"
    yield Scenario("binary", "binary echo, 10 clients, 64 KiB", ECHOES, load, frozenset({Feature.BINARY}))
    load, old = "--clients 100 --engine-version 3 --flow echo,size=64", frozenset({Feature.ENGINEIO_3})
    yield Scenario("eio3", "echo over Engine.IO 3, 100 clients", ECHOES, load, old, {"engine-version": "3"})
    load, old = f"{load} --transport polling", old | polling
    title = "long-polling echo over Engine.IO 3"
    yield Scenario("eio3-polling", title, ECHOES, load, old, {"engine-version": "3"})


def _idle() -> Iterator[Scenario]:
    for count in (5000, 10000):
        yield Scenario(f"idle-{count}", f"memory, {count:,} idle clients", MEMORY, f"--clients {count} --hold 2")
    yield Scenario(
        "heartbeat",
        f"heartbeats of 10,000 clients, from pings each {SHORT_PING_INTERVAL:.0f} s scaled to {PING_INTERVAL:.0f} s",
        HEARTBEAT,
        f"--clients 10000 --hold {2 * SHORT_PING_INTERVAL}",
        frozenset({Feature.HEARTBEAT}),
        {"ping-interval": str(SHORT_PING_INTERVAL)},
        PERCENT * SHORT_PING_INTERVAL / PING_INTERVAL,
    )


def _company() -> Iterator[Scenario]:
    title = "community of 1,000: chat, typing and prices, 4,100 sent/s"
    yield Scenario("mixed", title, CPU, COMMUNITY, scale=PERCENT)
    for count in (10, 100, 1000, 10000):
        load = f"--clients {count} --flow broadcast,size=64,rooms={count},depth=10"
        yield Scenario(f"growth-{count}", f"{count:,} clients in {count:,} rooms", DELIVERIES, load)
    title = "echo at 1,000/s"
    yield Scenario("fair", f"{title}, nobody else", WAITING, PACED_ECHO)
    yield Scenario("fair-flood", f"{title} beside a client that floods", WAITING, f"{PACED_ECHO} --flooding 1")
    load = f"{PACED_ECHO} --stalled 1 --flow broadcast,size=16384,members=5,rate=200"
    yield Scenario("fair-stalled", f"{title} beside one that reads no fan-out", WAITING, load)
    yield Scenario("fair-trickle", f"{title} beside one that trickles bytes", WAITING, f"{PACED_ECHO} --trickling 1")


def _all() -> Iterator[Scenario]:
    for group in (_throughput, _connecting, _formats, _idle, _company):
        yield from group()


SCENARIOS = {scenario.name: scenario for scenario in _all()}
