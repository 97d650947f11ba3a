"""The figures as Prometheus reads them. Everything is plain numbers until somebody scrapes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from server.metrics import Histogram
from server.operation.loop_lag import LoopLag
from server.operation.readings import Reading
from server.realtime.census import Census
from server.realtime.runtime import Runtime

PREFIX = "stock_insight"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUEUED_BYTES = (0.0, 1024.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0)
TRANSPORTS = {("polling", "polling"), ("polling", "probing"), ("polling", "closing"), ("websocket", "open")} | {
    (transport, "open") for transport in ("raw", "sse")
}
"""Told even while there is none."""

TOTALS = {
    "bytes_in": ("received_bytes", "Bytes received from WebSockets and polls"),
    "bytes_out": ("sent_bytes", "Bytes sent to WebSockets and polls"),
    "connections_opened": ("websockets_opened", "WebSockets opened, upgrades and raw streams among them"),
    "connections_closed": ("websockets_closed", "WebSockets closed"),
    "dropped_messages": ("dropped_messages", "Messages that slow clients did without"),
    "events_in": ("received_events", "Socket.IO events received"),
    "messages_out": ("sent_messages", "Socket.IO events and acks sent"),
    "peer_errors": ("peer_errors", "Connections ended because the peer broke a protocol"),
    "polling_requests": ("polling_requests", "Polls and POSTs answered before the web framework"),
    "refused_requests": ("refused_requests", "Engine.IO requests refused"),
    "slow_consumer_closes": ("slow_consumer_closes", "Clients closed because they read too slowly"),
    "unknown_sids": ("unknown_sids", "Requests of an Engine.IO session that is not known here"),
    "upgrades": ("upgrades", "Clients that went from polling to WebSocket"),
}


class Exposition(Collector):
    """Reads the counters, the census and the readings at each scrape."""

    def __init__(self, runtime: Runtime, census: Census, loop_lag: LoopLag, readings: Sequence[Reading]) -> None:
        self._runtime = runtime
        self._census = census
        self._loop_lag = loop_lag
        self._readings = readings
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(namespace=PREFIX, registry=self._registry)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Yield every figure; called by the registry."""
        metrics = self._runtime.metrics
        totals = metrics.totals()
        for counter, (name, text) in TOTALS.items():
            yield CounterMetricFamily(f"{PREFIX}_{name}", text, totals[counter])
        yield _counter("opens", "Clients that came", ("transport",), _single(metrics.opens))
        yield _counter("closes", "Clients that went", ("transport", "reason"), metrics.closes.items())
        yield _counter("http_requests", "Answered HTTP requests", ("route", "status"), metrics.http_requests.items())
        yield from self._of_connections()
        yield _histogram("event_duration_seconds", "Time of event handlers", "event", metrics.event_times)
        yield _histogram("database_duration_seconds", "Time of the database", "command", metrics.database_times)
        yield _counter(
            "database_failures", "Failed commands of the database", ("command",), _single(metrics.database_failures)
        )
        yield _histogram("redis_duration_seconds", "Time of Redis", "command", metrics.redis_times)
        yield _counter("redis_failures", "Failed commands of Redis", ("command",), _single(metrics.redis_failures))
        yield GaugeMetricFamily(f"{PREFIX}_loop_lag_seconds", "How late the loop was just now", self._loop_lag.latest)
        yield _histogram("loop_delay_seconds", "How late the loop was", "", {"": self._loop_lag.times})
        yield GaugeMetricFamily(f"{PREFIX}_loop_tasks", "Tasks of the event loop", len(asyncio.all_tasks()))
        yield from map(_reading, self._readings)

    def _of_connections(self) -> Iterator[Metric]:
        counts = dict.fromkeys(sorted(TRANSPORTS), 0)
        queued = Histogram(QUEUED_BYTES)
        largest = 0
        for one in self._census.loads():
            counts[one.transport, one.state] = counts.get((one.transport, one.state), 0) + 1
            queued.observe(one.queued_bytes)
            largest = max(largest, one.queued_bytes)
        gauge = GaugeMetricFamily(f"{PREFIX}_connections", "Clients now", labels=("transport", "state"))
        for labels, count in counts.items():
            gauge.add_metric(labels, count)
        yield gauge
        yield GaugeMetricFamily(f"{PREFIX}_outbox_bytes", "What waits for all slow clients", queued.total)
        yield GaugeMetricFamily(f"{PREFIX}_outbox_largest_bytes", "What waits for the slowest client", largest)
        # One look at all clients: how many are so far behind now.
        yield _gauge_histogram(queued)
        yield GaugeMetricFamily(f"{PREFIX}_rooms", "Rooms with somebody in them", len(self._runtime.hub.rooms()))


def _counter(name: str, text: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
    for label_values, value in sorted(values):
        family.add_metric(label_values, value)
    return family


def _single(counts: Mapping[str, int]) -> Iterator[tuple[tuple[str], int]]:
    """Return counts as those of one label."""
    return (((name,), count) for name, count in counts.items())


def _histogram(name: str, text: str, label: str, histograms: Mapping[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(f"{PREFIX}_{name}", text, labels=(label,) if label else ())
    for value, histogram in sorted(histograms.items()):
        family.add_metric((value,) if label else (), _buckets(histogram), histogram.total)
    return family


def _gauge_histogram(histogram: Histogram) -> Metric:
    family = GaugeMetricFamily(
        f"{PREFIX}_outbox_clients", "Clients with at most so many bytes waiting", labels=("at_most",)
    )
    for bound, count in _buckets(histogram):
        family.add_metric((bound,), count)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return the counts up to each bound."""
    buckets: list[tuple[str, float]] = []
    count = 0
    for bound, own in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        count += own
        buckets.append((bound, count))
    return buckets


def _reading(reading: Reading) -> Metric:
    family = CounterMetricFamily if reading.kind == "counter" else GaugeMetricFamily
    return family(f"{PREFIX}_{reading.name}", reading.help, reading.read())
