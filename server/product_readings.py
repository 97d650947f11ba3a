"""The figures that the product's services tell of themselves."""

from __future__ import annotations

from server.clock import Clock
from server.operation.readings import Reading
from server.services.mark_writer import MarkWriter
from server.services.message_writer import MessageWriter
from server.services.prices import PriceService


def writer_readings(writer: MessageWriter) -> list[Reading]:
    """Return the figures of the message writer."""
    return [
        Reading("stored_messages", "Messages stored", lambda: writer.stored, "counter"),
        Reading("message_queue_length", "Messages that wait to be stored", lambda: writer.queue_length),
    ]


def marks_readings(marks: MarkWriter) -> list[Reading]:
    """Return the figures of the marks."""
    return [Reading("mark_queue_length", "Read marks that wait to be stored", lambda: marks.queue_length)]


def price_readings(prices: PriceService, clock: Clock) -> list[Reading]:
    """Return the figures of the feed."""

    def lag() -> float:
        newest = max((quote.timestamp for quote in prices.quotes()), default=None)
        return (clock.now() - newest).total_seconds() if newest is not None else 0.0

    return [
        Reading("feed_lag_seconds", "Age of the newest quote; 0 while there is none", lag),
        Reading("price_pushes", "Pushes of quotes", lambda: prices.pushes, "counter"),
        Reading("failed_price_pushes", "Pushes that failed", lambda: prices.failed_pushes, "counter"),
        Reading("price_updates", "Updates of targets published", lambda: prices.updates_published, "counter"),
    ]
