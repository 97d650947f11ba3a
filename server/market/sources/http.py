"""What the quote endpoints over HTTP have in common: batches, limits, back-off, and one line for each instrument."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import ClassVar

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from server.clock import Clock
from server.domain.quotes import Quote
from server.market.instruments import prefixed_code
from server.market.sources.backoff import Backoff
from server.market.sources.base import Freshness, SourceError
from server.market.sources.records import Record, quote_of

MAX_ANSWER_BYTES = 1024 * 1024
CONNECT_TIMEOUT = 3.0
REQUEST_TIMEOUT = 8.0
STALE_AFTER = 180.0
CLOCKS_DIFFER_BY = timedelta(hours=1)


class QuoteEndpoint:
    """A public quote endpoint: one GET for a batch of codes, one JavaScript assignment for each in the answer.

    A subclass knows the address, the names of the assignments and the layout of a line. A line that cannot be read
    is left out; an answer without a single good one is an error. Time never runs back: a line older than the last
    one of the same instrument, as a lagging server behind the address gives, is left out too, and so is one from the
    future, behind which nothing else would count any more.
    """

    name: ClassVar[str]
    public_url: ClassVar[str]
    batch_size: ClassVar[int]
    headers: ClassVar[Mapping[str, str]] = {}
    assignment: ClassVar[re.Pattern[str]]
    """Matches one assignment: the prefixed code, then what stands between the quotes."""

    def __init__(
        self,
        symbols: Iterable[str],
        clock: Clock,
        chance: Random,
        base_url: str = "",
        *,
        stale_after: float = STALE_AFTER,
        timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        self._symbols = {prefixed_code(symbol): symbol for symbol in symbols}
        self._base_url = base_url or self.public_url
        self._timeout = timeout
        self._client = AsyncHTTPClient(force_instance=True, max_body_size=MAX_ANSWER_BYTES)
        self._clock = clock
        self._backoff = Backoff(clock, chance)
        self._freshness = Freshness(clock, stale_after)
        self._quotes: dict[str, Quote] = {}

    @property
    def stale(self) -> bool:
        return self._freshness.stale

    async def fetch(self) -> Sequence[Quote]:
        if wait := self._backoff.remaining:
            raise SourceError(f"{self.name} failed before; the next try is due in {wait:.0f} s")
        try:
            for batch in self._batches():
                self._keep(self._read(await self._get(batch)))
        except SourceError:
            self._backoff.failed()
            raise
        self._backoff.succeeded()
        self._freshness.renew()
        return [self._quotes[symbol] for symbol in self._symbols.values() if symbol in self._quotes]

    async def close(self) -> None:
        self._client.close()

    def url(self, codes: Collection[str]) -> str:
        """Return the address of a batch."""
        raise NotImplementedError

    def record(self, symbol: str, line: str) -> Record:
        """Return the record of one line.

        Raises:
            ValueError, IndexError: it is not of the layout.
        """
        raise NotImplementedError

    def _batches(self) -> Iterator[list[str]]:
        codes = list(self._symbols)
        for start in range(0, len(codes), self.batch_size):
            yield codes[start : start + self.batch_size]

    async def _get(self, codes: Collection[str]) -> str:
        request = HTTPRequest(
            self._base_url + self.url(codes),
            headers=dict(self.headers),
            connect_timeout=min(CONNECT_TIMEOUT, self._timeout),
            request_timeout=self._timeout,
            follow_redirects=False,
            decompress_response=False,  # the size limit is then one of what is kept, too
        )
        try:
            response = await self._client.fetch(request)
        except Exception as error:  # of many kinds: Tornado lets those of its parser through, too
            raise SourceError(f"{self.name} cannot be asked: {error}") from error
        return response.body.decode("gbk", errors="replace")

    def _read(self, answer: str) -> list[Quote]:
        quotes = {quote.symbol: quote for quote in self._good_lines(answer)}
        if not quotes:
            raise SourceError(f"{self.name} answered {len(answer)} characters without a single quote")
        return list(quotes.values())

    def _good_lines(self, answer: str) -> Iterator[Quote]:
        latest = self._clock.now() + CLOCKS_DIFFER_BY
        for code, line in self.assignment.findall(answer):
            symbol = self._symbols.get(code)
            if symbol is None or not line:
                continue
            try:
                quote = quote_of(self.record(symbol, line))
            except (ValueError, IndexError):
                continue
            if quote is not None and quote.timestamp <= latest:
                yield quote

    def _keep(self, quotes: Iterable[Quote]) -> None:
        for quote in quotes:
            last = self._quotes.get(quote.symbol)
            if last is None or last.timestamp <= quote.timestamp:
                self._quotes[quote.symbol] = quote
