"""The figures of chat and their tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report import format_number, row


@dataclass(frozen=True)
class TrafficFigures:
    """One round of a load."""

    crowd: str
    load: str
    round: int
    acked_per_s: float
    delivered_per_s: float
    ack_p50_ms: float
    ack_p99_ms: float
    delivery_p50_ms: float
    delivery_p99_ms: float
    server_share: float
    database_share: float
    client_share: float


@dataclass(frozen=True)
class QueryFigures:
    """One query."""

    name: str
    requests: int
    p50_ms: float
    p99_ms: float


FIGURES = (
    "acked_per_s",
    "delivered_per_s",
    "ack_p50_ms",
    "ack_p99_ms",
    "delivery_p50_ms",
    "delivery_p99_ms",
)
SHARES = ("server_share", "database_share", "client_share")


def percentile_ms(seconds: Sequence[float], share: float) -> float:
    """Return the time under which this share of times is, in ms."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def markdown(
    facts: Mapping[str, str], traffic: Sequence[TrafficFigures], messages: int, queries: Sequence[QueryFigures]
) -> str:
    """Return the whole report; of several rounds the median counts."""
    lines = ["# Chat", "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    lines += ["## Writing", "", *_traffic_rows(traffic), ""]
    lines += [f"## Reading, {messages:,} messages stored", "", *_query_rows(queries), ""]
    return "\n".join(lines)


def _traffic_rows(traffic: Sequence[TrafficFigures]) -> Iterator[str]:
    headings = ("acked/s", "delivered/s", "ack p50 ms", "p99", "delivery p50 ms", "p99", "server", "mongod", "client")
    yield row("members", "load", *headings)
    yield row("---", "---", *("---:" for _ in headings))
    for crowd, load in dict.fromkeys((one.crowd, one.load) for one in traffic):
        rounds = [one for one in traffic if (one.crowd, one.load) == (crowd, load)]
        medians = {name: statistics.median(getattr(one, name) for one in rounds) for name in (*FIGURES, *SHARES)}
        shares = (f"{100 * medians[name]:.0f} %" for name in SHARES)
        yield row(crowd, load, *(format_number(medians[name]) for name in FIGURES), *shares)


def _query_rows(queries: Sequence[QueryFigures]) -> Iterator[str]:
    yield row("query", "p50 ms", "p99 ms")
    yield row("---", "---:", "---:")
    for one in queries:
        yield row(one.name, format_number(one.p50_ms), format_number(one.p99_ms))
