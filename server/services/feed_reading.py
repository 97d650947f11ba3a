"""A feeder's stream over a restart: read on where it was left, with the quotes that were known there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from tornado.ioloop import PeriodicCallback

from server.domain.feeds import FeedPosition
from server.domain.quotes import Quote
from server.errors import RequestError
from server.services.bars import BarService
from server.services.prices import PriceService
from server.storage.feed_positions import FeedPositionRepository

STORE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Feed(Protocol):
    """A source that reads a stream."""

    on_entry: list[Callable[[Sequence[Quote]], None]]
    """Who is told of the quotes of every entry, in order."""

    @property
    def stream(self) -> str:
        """What the stream is called."""

    @property
    def position(self) -> FeedPosition:
        """How far it has been read."""

    def resume(self, position: FeedPosition) -> None:
        """Read on from here."""


class FeedReading:
    """Makes bars of every entry, and keeps the position up to which they are stored."""

    def __init__(self, feed: Feed, prices: PriceService, bars: BarService, positions: FeedPositionRepository) -> None:
        self._feed = feed
        self._prices = prices
        self._bars = bars
        self._positions = positions
        self._stored = ""
        self._timer = PeriodicCallback(self.store, STORE_SECONDS * 1000)

    async def start(self) -> None:
        """Go on where the last run has ended; RequestError when the database is away."""
        position = await self._positions.find(self._feed.stream)
        if position is not None:
            logger.info("the stream %s is read on from %s", self._feed.stream, position.last_id)
            self._feed.resume(position)
            self._stored = position.last_id
            self._prices.go_on_after(position.quotes)
            self._bars.go_on_after(position.quotes)
        self._feed.on_entry.append(self._bars.take)
        self._timer.start()

    async def stop(self) -> None:
        """Keep the position; the bars are stored by now."""
        self._timer.stop()
        await self.store()

    async def store(self) -> None:
        """Keep the position, if it is another, behind the bars: what is read twice makes the same bars."""
        position = self._feed.position
        if position.last_id == self._stored:
            return
        try:
            await self._bars.flush()
            if self._bars.is_stored:
                await self._positions.store(self._feed.stream, position)
                self._stored = position.last_id
        except RequestError as error:
            logger.warning("how far the stream %s is read is not stored: %s", self._feed.stream, error)
