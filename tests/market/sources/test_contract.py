"""What every price source does alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

import pytest

from server.domain.quotes import Quote
from server.market.instruments import INSTRUMENTS, kind_of, tick_of
from server.market.posted_quotes import read_posted_quotes
from server.market.quotes import round_to_tick
from server.market.sources.base import PriceSource
from server.market.sources.fallback import Fallback
from server.market.sources.push import PushSource
from server.market.sources.redis_stream import FIELD, STREAM, RedisStreamSource
from server.market.sources.simulated import SimulatedSource
from server.market.sources.sina import SinaSource
from server.market.sources.tencent import TencentSource
from tests.market.sources.quote_server import QuoteServer, sina_line, tencent_line
from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer

SYMBOLS = ["600519.SH", "000001.SZ", "000001.SH"]
TABLE = [instrument for instrument in INSTRUMENTS if instrument.symbol in SYMBOLS]


class Stage(Protocol):
    """A source together with what it draws from."""

    source: PriceSource

    def trade(self) -> None:
        """Let something happen that the source will tell of."""

    def outage(self, *, failing: bool) -> None:
        """Break what the source draws from, or mend it."""


class SimulatedStage:
    def __init__(self, clock: FakeClock) -> None:
        self.source: PriceSource = SimulatedSource(TABLE, clock, 1)
        self._clock = clock

    def trade(self) -> None:
        self._clock.advance(30)


class EndpointStage:
    def __init__(self, clock: FakeClock, server: QuoteServer, make: Callable[..., PriceSource]) -> None:
        self.source = make(SYMBOLS, clock, Random(1), server.url)
        self._server = server
        self._clock = clock
        self._price = 100
        self.trade()

    def trade(self) -> None:
        self._price += 1
        for code in ("sh600519", "sz000001", "sh000001"):
            lines = tencent_line(code, f3=str(self._price)), sina_line(code, f3=str(self._price))
            self._server.lines[code] = "\n".join(lines)

    def outage(self, *, failing: bool) -> None:
        self._server.status = 503 if failing else 200
        self._clock.advance(10)


class RedisStage:
    def __init__(self, clock: FakeClock, server: RedisServer) -> None:
        self.source: PriceSource = RedisStreamSource(server.url, clock, INSTRUMENTS.find)
        self._server = server
        self._price = 100
        self.trade()

    def trade(self) -> None:
        self._price += 1
        quotes = [{"symbol": symbol, "price": self._price} for symbol in SYMBOLS]
        self._server.command("XADD", STREAM, "*", FIELD, json.dumps(quotes))

    def outage(self, *, failing: bool) -> None:
        if failing:
            self._server.command("RENAME", STREAM, "kept")
            self._server.command("SET", STREAM, "no stream")
        else:
            self._server.command("RENAME", "kept", STREAM)


class PushStage:
    def __init__(self, clock: FakeClock) -> None:
        self._push = PushSource(clock)
        self.source: PriceSource = self._push
        self._clock = clock
        self._price = 100
        self.trade()

    def trade(self) -> None:
        self._price += 1
        posted = [{"symbol": symbol, "price": self._price} for symbol in SYMBOLS]
        self._push.post(read_posted_quotes(json.dumps(posted).encode(), self._clock.now(), INSTRUMENTS.find))


def fallback(symbols: list[str], clock: FakeClock, chance: Random, url: str) -> Fallback:
    return Fallback([SinaSource(symbols, clock, chance, url), TencentSource(symbols, clock, chance, url)], clock)


BREAKABLE = ["tencent", "sina", "redis", "fallback"]
ALL = [*BREAKABLE, "simulated", "push"]


@pytest.fixture
def stage(request: pytest.FixtureRequest, quote_server: QuoteServer) -> Any:
    clock = FakeClock()
    makers: dict[str, Callable[[], Any]] = {
        "simulated": lambda: SimulatedStage(clock),
        "push": lambda: PushStage(clock),
        "redis": lambda: RedisStage(clock, request.getfixturevalue("redis_server")),
        "tencent": lambda: EndpointStage(clock, quote_server, TencentSource),
        "sina": lambda: EndpointStage(clock, quote_server, SinaSource),
        "fallback": lambda: EndpointStage(clock, quote_server, fallback),
    }
    return makers[request.param]()


def check(quote: Quote) -> None:
    tick = tick_of(kind_of(quote.symbol))
    for price in (quote.price, quote.previous_close, quote.open, quote.high, quote.low):
        assert price > 0 and price == round_to_tick(price, tick)
    assert quote.low <= quote.high
    assert quote.volume >= 0
    assert quote.amount >= 0
    assert str(quote.timestamp.utcoffset()) == "8:00:00"
    assert (quote.limit_up is None) == (quote.limit_down is None) == (quote.symbol == "000001.SH")
    assert quote.name and not quote.stale


@pytest.mark.parametrize("stage", ALL, indirect=True)
@pytest.mark.gen_test
async def test_quotes_are_whole_and_one_for_each_instrument(stage: Stage) -> None:
    quotes = await stage.source.fetch()
    assert sorted(quote.symbol for quote in quotes) == sorted(SYMBOLS)
    for quote in quotes:
        check(quote)
    await stage.source.close()


@pytest.mark.parametrize("stage", ALL, indirect=True)
@pytest.mark.gen_test
async def test_what_did_not_change_compares_equal_and_what_did_does_not(stage: Stage) -> None:
    first, again = await stage.source.fetch(), await stage.source.fetch()
    assert list(first) == list(again)
    stage.trade()
    assert list(await stage.source.fetch()) != list(first)
    await stage.source.close()


@pytest.mark.parametrize("stage", ALL, indirect=True)
@pytest.mark.gen_test
async def test_it_is_fresh_after_an_answer_and_has_a_name(stage: Stage) -> None:
    await stage.source.fetch()
    assert not stage.source.stale
    assert stage.source.name in {"simulated", "tencent", "sina", "redis", "push"}
    await stage.source.close()


@pytest.mark.parametrize("stage", BREAKABLE, indirect=True)
@pytest.mark.gen_test
async def test_a_failure_is_an_oserror_and_passes(stage: Stage) -> None:
    stage.outage(failing=True)
    with pytest.raises(OSError, match=r"\w"):
        await stage.source.fetch()
    stage.outage(failing=False)
    assert len(await stage.source.fetch()) == len(SYMBOLS)
    await stage.source.close()


@pytest.mark.parametrize("stage", ALL, indirect=True)
@pytest.mark.gen_test
async def test_closing_needs_no_fetch_before(stage: Stage) -> None:
    await stage.source.close()
