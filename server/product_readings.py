"""The figures that the product's services tell of themselves."""

from __future__ import annotations

from server.domain.tasks import TaskState, Worker
from server.operation.readings import Reading
from server.services.mark_writer import MarkWriter
from server.services.market_status import MarketStatus
from server.services.message_writer import MessageWriter
from server.services.prices import PriceService
from server.services.task_runner import TaskRunner


def writer_readings(writer: MessageWriter) -> list[Reading]:
    """Return the figures of the message writer."""
    return [
        Reading("stored_messages", "Messages stored", lambda: writer.stored, "counter"),
        Reading("message_queue_length", "Messages that wait to be stored", lambda: writer.queue_length),
    ]


def marks_readings(marks: MarkWriter) -> list[Reading]:
    """Return the figures of the marks."""
    return [Reading("mark_queue_length", "Read marks that wait to be stored", lambda: marks.queue_length)]


def task_readings(runner: TaskRunner) -> list[Reading]:
    """Return the figures of tasks: how many wait and run, and who does them."""

    def reading(name: str, text: str, state: TaskState, worker: Worker) -> Reading:
        return Reading(name, text, lambda: runner.counts.get((state, worker), 0))

    waiting, running, outside = TaskState.QUEUED, TaskState.RUNNING, Worker.EXTERNAL
    return [
        reading("queued_tasks", "Built-in tasks that wait", waiting, Worker.BUILT_IN),
        reading("running_tasks", "Built-in tasks that run", running, Worker.BUILT_IN),
        reading("queued_external_tasks", "Tasks that wait for workers outside", waiting, outside),
        reading("running_external_tasks", "Tasks that workers outside do", running, outside),
    ]


def price_readings(prices: PriceService, status: MarketStatus) -> list[Reading]:
    """Return the figures of the feed."""
    return [
        Reading(
            "feed_lag_seconds", "Age of the newest quote; 0 while there is none", lambda: status.quote_age() or 0.0
        ),
        Reading("price_pushes", "Pushes of quotes", lambda: prices.pushes, "counter"),
        Reading("failed_price_pushes", "Pushes that failed", lambda: prices.failed_pushes, "counter"),
        Reading("price_updates", "Updates of targets published", lambda: prices.updates_published, "counter"),
    ]
