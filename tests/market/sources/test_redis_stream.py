"""The stream of a feeder, on a real Redis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.exceptions import RedisError

from server.clock import Clock, SystemClock
from server.market.instruments import INSTRUMENTS
from server.market.sources.base import SourceError
from server.market.sources.redis_stream import FIELD, STALE_AFTER, STREAM, RedisStreamSource
from server.metrics import Metrics
from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer


def write(server: RedisServer, *quotes: dict[str, Any]) -> str:
    """Add an entry as a feeder does; return its id."""
    entry = server.command("XADD", STREAM, "*", FIELD, json.dumps(quotes))
    assert isinstance(entry, bytes)
    return entry.decode()


def source_of(server: RedisServer, clock: Clock | None = None) -> RedisStreamSource:
    return RedisStreamSource(server.url, clock or FakeClock(), INSTRUMENTS.find)


async def prices(source: RedisStreamSource) -> dict[str, float]:
    return {quote.symbol: quote.price for quote in await source.fetch()}


@pytest.fixture
def restartable() -> Iterator[RedisServer]:
    """A server of the test's own, which it may stop."""
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.mark.gen_test
async def test_each_fetch_reads_on_and_keeps_what_it_knows(redis_server: RedisServer) -> None:
    source = source_of(redis_server)
    assert await prices(source) == {}
    write(redis_server, {"code": "600519", "price": 1850.5}, {"code": "000001", "price": 11.6})
    assert await prices(source) == {"600519.SH": 1850.5, "000001.SZ": 11.6}
    last = write(redis_server, {"code": "600519", "price": 1851})
    assert await prices(source) == {"600519.SH": 1851.0, "000001.SZ": 11.6}
    assert source.position.last_id == last
    await source.close()


@pytest.mark.gen_test
async def test_it_goes_on_from_the_position_that_was_kept(redis_server: RedisServer) -> None:
    before, after = source_of(redis_server), source_of(redis_server)
    write(redis_server, {"code": "600519", "price": 1850})
    await before.fetch()
    redis_server.command("XTRIM", STREAM, "MAXLEN", "0")
    for price in (11.6, 11.7):
        write(redis_server, {"code": "000001", "price": price})
    after.resume(before.position)
    passed: list[float] = []
    after.on_entry.append(lambda quotes: passed.extend(quote.price for quote in quotes))
    assert await prices(after) == {"600519.SH": 1850.0, "000001.SZ": 11.7}
    assert passed == [11.6, 11.7]  # and nothing twice
    await before.close()
    await after.close()


@pytest.mark.gen_test
async def test_a_quote_without_a_time_is_of_the_moment_its_entry_was_written(redis_server: RedisServer) -> None:
    source = source_of(redis_server, SystemClock())
    milliseconds = int(write(redis_server, {"code": "600519", "price": 1850}).partition("-")[0])
    [quote] = await source.fetch()
    assert quote.timestamp == datetime.fromtimestamp(milliseconds / 1000, UTC)
    await source.close()


@pytest.mark.gen_test
async def test_a_feeder_may_number_its_entries(redis_server: RedisServer) -> None:
    clock = FakeClock()
    source = source_of(redis_server, clock)
    redis_server.command("XADD", STREAM, "7-1", FIELD, json.dumps([{"code": "600519", "price": 1850}]))
    [quote] = await source.fetch()
    assert quote.timestamp == clock.now()
    await source.close()


@pytest.mark.gen_test
async def test_what_came_while_the_connection_was_gone_is_read(redis_server: RedisServer) -> None:
    source = source_of(redis_server)
    write(redis_server, {"code": "600519", "price": 1850})
    await source.fetch()
    redis_server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    write(redis_server, {"code": "600519", "price": 1851})
    write(redis_server, {"code": "000001", "price": 11.6})
    assert await prices(source) == {"600519.SH": 1851.0, "000001.SZ": 11.6}
    await source.close()


@pytest.mark.gen_test
async def test_a_server_that_is_gone_is_an_error_until_it_is_back(restartable: RedisServer) -> None:
    source = source_of(restartable)
    write(restartable, {"code": "600519", "price": 1850})
    await source.fetch()
    restartable.stop()
    with pytest.raises(SourceError, match="redis cannot be read"):
        await source.fetch()
    restartable.start()
    assert await prices(source) == {"600519.SH": 1850.0}
    write(restartable, {"code": "600519", "price": 1852})
    assert await prices(source) == {"600519.SH": 1852.0}
    await source.close()


@pytest.mark.gen_test
async def test_every_command_is_timed(restartable: RedisServer) -> None:
    metrics = Metrics()
    source = RedisStreamSource(restartable.url, FakeClock(), INSTRUMENTS.find, note=metrics.note_redis)
    await source.ping()
    await source.fetch()
    await source.fetch()
    restartable.stop()
    with pytest.raises(SourceError):
        await source.fetch()
    with pytest.raises(RedisError):
        await source.ping()
    assert {name: sum(times.counts) for name, times in metrics.redis_times.items()} == {"PING": 2, "XREAD": 3}
    assert metrics.redis_failures == {"PING": 1, "XREAD": 1}
    await source.close()


@pytest.mark.gen_test
async def test_a_bad_entry_is_left_out_and_told(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    source = source_of(redis_server)
    redis_server.command("XADD", STREAM, "*", "something", "else")
    redis_server.command("XADD", STREAM, "*", FIELD, b"\xff{")
    write(redis_server, {"code": "999999", "price": 1})
    write(redis_server, {"code": "600519", "price": 1850})
    assert await prices(source) == {"600519.SH": 1850.0}
    [record] = caplog.records
    assert record.getMessage().startswith("3 entries of the stream")
    await source.close()


@pytest.mark.gen_test
async def test_a_key_that_is_no_stream_is_an_error(redis_server: RedisServer) -> None:
    redis_server.command("SET", STREAM, "text")
    source = source_of(redis_server)
    with pytest.raises(SourceError, match="redis cannot be read"):
        await source.fetch()
    await source.close()


@pytest.mark.gen_test
async def test_a_long_stream_is_read_in_turns(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.market.sources.redis_stream.ENTRIES_PER_READ", 2)
    monkeypatch.setattr("server.market.sources.redis_stream.READS_PER_FETCH", 2)
    for price in range(1, 8):
        write(redis_server, {"code": "600519", "price": price})
    source = source_of(redis_server)
    assert [(await prices(source))["600519.SH"] for _ in range(3)] == [4.0, 7.0, 7.0]
    await source.close()


@pytest.mark.gen_test
async def test_a_feeder_that_falls_silent_leaves_stale_quotes(redis_server: RedisServer) -> None:
    clock = FakeClock()
    source = source_of(redis_server, clock)
    write(redis_server, {"code": "600519", "price": 1850})
    seen = []
    for seconds in (0.0, STALE_AFTER, 1.0):
        clock.advance(seconds)
        [quote] = await source.fetch()
        seen.append((quote.stale, source.stale))
    assert seen == [(False, False), (False, False), (True, True)]
    write(redis_server, {"code": "600519", "price": 1850})
    assert not any(quote.stale for quote in await source.fetch())
    await source.close()
