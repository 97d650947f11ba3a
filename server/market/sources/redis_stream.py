"""Quotes that a feeder in another process writes into a Redis stream."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.clock import Clock
from server.domain.feeds import FeedPosition
from server.domain.quotes import Quote
from server.market.posted_quotes import FindInstrument, read_posted_quotes
from server.market.sources.base import Freshness, SourceError
from server.turns import Turn

STREAM = "stock_insight:quotes"
FIELD = b"quotes"
"""Each entry has this field: a JSON array as `read_posted_quotes` reads it."""

ENTRIES_PER_READ = 500
READS_PER_FETCH = 20
STALE_AFTER = 180.0
TIMEOUT = 3.0
_LEAST_MILLISECONDS = 10**12
"""No moment before 2001 is one at which an entry was written."""

Note = Callable[[str, float, bool], None]
"""Is told of each command: its name, the seconds it took, and whether it succeeded."""

logger = logging.getLogger(__name__)


class RedisStreamSource:
    """Read on from the last entry, over any number of connections; what the feeder wrote meanwhile is not lost.

    Nothing blocks: a read takes what is there. The rest of a very long stream is left for the next fetch. A quote
    that does not say its time is of the moment at which its entry was written.
    """

    name = "redis"

    def __init__(
        self,
        url: str,
        clock: Clock,
        find: FindInstrument,
        *,
        stream: str = STREAM,
        stale_after: float = STALE_AFTER,
        timeout: float = TIMEOUT,
        note: Note | None = None,
    ) -> None:
        self.stream = stream
        self.on_entry: list[Callable[[Sequence[Quote]], None]] = []
        """Who is told of the quotes of every entry, in order: a fetch returns the newest alone."""
        self._clock = clock
        self._find = find
        self._note = note
        self._last_id = "0-0"
        self._freshness = Freshness(clock, stale_after)
        self._quotes: dict[str, Quote] = {}
        self._redis: Redis = Redis.from_url(
            url,
            protocol=2,  # answers in one shape, whatever the library prefers
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            health_check_interval=15,
            retry=Retry(NoBackoff(), 1),  # a connection that ended while nobody looked
        )

    @property
    def stale(self) -> bool:
        return self._freshness.stale

    @property
    def position(self) -> FeedPosition:
        """How far the stream has been read; who keeps it can go on from there after a restart."""
        return FeedPosition(self._last_id, list(self._quotes.values()))

    def resume(self, position: FeedPosition) -> None:
        """Read on from a position; its quotes are stale until the feeder writes."""
        self._last_id = position.last_id
        self._quotes = {quote.symbol: quote for quote in position.quotes}

    async def fetch(self) -> Sequence[Quote]:
        bad: list[str] = []
        try:
            for _ in range(READS_PER_FETCH):
                if await self._read_on(bad) < ENTRIES_PER_READ:
                    break
        except (RedisError, OSError) as error:
            raise SourceError(f"redis cannot be read: {error}") from error
        if bad:
            logger.warning("%d entries of the stream %s are left out, the first: %s", len(bad), self.stream, bad[0])
        return self._freshness.marked(list(self._quotes.values()))

    async def ping(self) -> None:
        """Ask whether Redis answers; RedisError or OSError when it does not."""
        await self._asked("PING", self._redis.ping())

    async def close(self) -> None:
        await self._redis.aclose()

    async def _read_on(self, bad: list[str]) -> int:
        """Take the next entries; return how many there were, and add to ``bad`` what is wrong with some."""
        answer = await self._asked("XREAD", self._redis.xread({self.stream: self._last_id}, count=ENTRIES_PER_READ))
        entries = answer[0][1] if isinstance(answer, list) and answer else []
        turn = Turn()
        for entry_id, fields in entries:
            try:
                quotes = self._quotes_of(entry_id, fields)
            except ValueError as error:
                bad.append(str(error))
            else:
                self._take(quotes)
            self._last_id = entry_id.decode()
            await turn.pause()
        return len(entries)

    async def _asked(self, command: str, asking: Awaitable[Any]) -> Any:
        begun, succeeded = self._clock.monotonic(), False
        try:
            answer = await asking
            succeeded = True
        finally:
            if self._note is not None:
                self._note(command, self._clock.monotonic() - begun, succeeded)
        return answer

    def _quotes_of(self, entry_id: bytes, fields: dict[bytes, bytes]) -> list[Quote]:
        now = self._clock.now()
        milliseconds = int(entry_id.partition(b"-")[0])  # unless the feeder names its entries itself
        if _LEAST_MILLISECONDS <= milliseconds <= 1000 * now.timestamp():
            now = datetime.fromtimestamp(milliseconds / 1000, UTC)
        return list(read_posted_quotes(fields.get(FIELD, b""), now, self._find))

    def _take(self, quotes: Sequence[Quote]) -> None:
        self._quotes.update((quote.symbol, quote) for quote in quotes)
        for listener in self.on_entry:
            listener(quotes)
        self._freshness.renew()
