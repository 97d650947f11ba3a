"""A feeder's stream on a real Redis, read by servers that come and go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from server.assembly.market import MarketAssembly, MarketServices
from server.domain.bars import Bar, Period
from server.domain.feeds import FeedPosition
from server.market.sources.redis_stream import FIELD, STREAM
from server.realtime.hub import Hub
from server.settings import Settings
from server.storage.documents import Database
from server.storage.repositories import Repositories
from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer

MOUTAI, PINGAN = "600519.SH", "000001.SZ"
TEN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
"""In Shanghai."""


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.stop()


def feed(redis: RedisServer, minute: float, price: float, volume: int, code: str = "600519") -> None:
    """Write a quote of some minutes after ten."""
    quote = {"code": code, "price": price, "previous_close": 10.0, "volume": volume}
    at = (TEN + timedelta(minutes=minute)).isoformat()
    redis.command("XADD", STREAM, "*", FIELD, json.dumps([{**quote, "timestamp": at}]))


@asynccontextmanager
async def market(database: Database, redis: RedisServer) -> AsyncIterator[MarketServices]:
    """Run the market's part of a server, one hour later; nothing is pushed but by the test."""
    settings = replace(Settings(), environment="production", price_source="redis", redis_url=redis.url)
    clock = FakeClock(TEN + timedelta(hours=1, minutes=45))  # the break: nothing is due
    async with AsyncExitStack() as stack:
        hub = Hub(lambda act: None)
        services = await MarketAssembly(settings, clock, stack, Repositories(database), hub).services()
        await services.prices.push()
        yield services


async def minutes(services: MarketServices, symbol: str = MOUTAI) -> list[tuple[int, float, float, float, int]]:
    """Return the minute bars: the minute, high, low and close, and the volume."""
    bars: list[Bar] = await services.bars.newest(symbol, Period.MINUTE, 100)
    return [(bar.time.minute, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


@pytest.mark.gen_test
async def test_what_is_written_while_the_server_is_away_is_in_the_bars_and_quotes(
    database: Database, redis_server: RedisServer
) -> None:
    feed(redis_server, 0, 10.0, 100)
    feed(redis_server, 0.5, 10.5, 300)
    feed(redis_server, 0.5, 11.0, 50, "000001")
    async with market(database, redis_server) as first:
        assert await minutes(first) == [(0, 10.5, 10.0, 10.5, 200)]
    feed(redis_server, 1, 12.0, 400)
    feed(redis_server, 1.5, 9.0, 700)
    feed(redis_server, 1.9, 9.5, 750)
    feed(redis_server, 2, 9.9, 760)
    async with market(database, redis_server) as second:
        made = [(0, 10.5, 10.0, 10.5, 200), (1, 12.0, 9.0, 9.5, 450), (2, 9.9, 9.9, 9.9, 10)]
        assert await minutes(second) == made
        quotes = {quote.symbol: (quote.price, quote.volume) for quote in second.prices.quotes()}
        assert quotes == {MOUTAI: (9.9, 760), PINGAN: (11.0, 50)}
    redis_server.command("XTRIM", STREAM, "MAXLEN", "0")
    async with market(database, redis_server) as third:
        assert await minutes(third) == made
        assert {quote.symbol for quote in third.prices.quotes()} == {MOUTAI, PINGAN}
        [day] = await third.bars.newest(MOUTAI, Period.DAY, 10)
        assert (day.close, day.volume) == (9.9, 760)


@pytest.mark.gen_test
async def test_an_imported_day_stays_as_it_is(database: Database, redis_server: RedisServer) -> None:
    feed(redis_server, 0, 10.0, 100)
    async with market(database, redis_server) as first:
        [day] = await first.bars.newest(MOUTAI, Period.DAY, 10)
    imported = msgspec.structs.replace(day, close=10.1)
    await Repositories(database).bars.replace(Period.DAY, [(MOUTAI, imported)])
    async with market(database, redis_server) as second:
        assert await second.bars.newest(MOUTAI, Period.DAY, 10) == [imported]


@pytest.mark.gen_test
async def test_the_position_waits_for_the_bars(
    database: Database, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(redis_server, 0, 10.0, 100)
    positions = Repositories(database).feed_positions
    async with market(database, redis_server) as first:
        monkeypatch.setattr(type(first.bars), "is_stored", False)
    assert await positions.find(STREAM) is None
    monkeypatch.undo()
    async with market(database, redis_server):
        pass
    kept = await positions.find(STREAM)
    assert isinstance(kept, FeedPosition)
    assert [quote.symbol for quote in kept.quotes] == [MOUTAI]
