from __future__ import annotations

import pytest

from server.domain.quotes import Quote
from server.market.instruments import INSTRUMENTS, Instrument
from server.market.quotes import price_limits, round_to_tick
from server.market.sources.simulated import SimulatedSource
from tests.support.clock import FakeClock

DAY_SECONDS = 86_400.0


async def fetched(source: SimulatedSource, clock: FakeClock, times: int) -> list[tuple[Quote, ...]]:
    rounds = []
    for _ in range(times):
        clock.advance(3)
        rounds.append(tuple(await source.fetch()))
    return rounds


@pytest.mark.gen_test
async def test_the_same_seed_and_clock_give_the_same_quotes() -> None:
    runs = []
    for seed in (7, 7, 8):
        clock = FakeClock()
        runs.append(await fetched(SimulatedSource(INSTRUMENTS, clock, seed), clock, 20))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.gen_test
async def test_every_instrument_has_a_quote_on_the_tick() -> None:
    quotes = await SimulatedSource(INSTRUMENTS, FakeClock(), 1).fetch()
    assert [quote.symbol for quote in quotes] == [instrument.symbol for instrument in INSTRUMENTS]
    assert all(quote.price == round_to_tick(quote.price) for quote in quotes)


@pytest.mark.gen_test
async def test_some_trade_and_the_others_stay_equal() -> None:
    clock = FakeClock()
    first, second = await fetched(SimulatedSource(INSTRUMENTS, clock, 1), clock, 2)
    traded = [new for old, new in zip(first, second, strict=True) if old != new]
    assert 0 < len(traded) < len(second)
    assert all(quote.timestamp == clock.now() for quote in traded)


@pytest.mark.gen_test
async def test_volume_grows_and_prices_move() -> None:
    clock = FakeClock()
    rounds = await fetched(SimulatedSource(INSTRUMENTS, clock, 1), clock, 50)
    for first, last in zip(rounds[0], rounds[-1], strict=True):
        assert last.volume > first.volume
    assert sum(first.price != last.price for first, last in zip(rounds[0], rounds[-1], strict=True)) > 25


@pytest.mark.parametrize(("symbol", "percent"), [("600519.SH", 10), ("300750.SZ", 20), ("920185.BJ", 30)])
@pytest.mark.gen_test
async def test_no_price_leaves_the_day_s_limits(symbol: str, percent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.market.sources.simulated._STEP", 0.2)
    clock = FakeClock()
    source = SimulatedSource([Instrument(symbol, "wild", 10.0, 1_000)], clock, 3)
    prices = [quote.price for (quote,) in await fetched(source, clock, 300)]
    lowest, highest = price_limits(10.0, percent)
    assert (min(prices), max(prices)) == (lowest, highest)


@pytest.mark.gen_test
async def test_a_new_day_takes_the_last_price_as_previous_close() -> None:
    clock = FakeClock()
    source = SimulatedSource(INSTRUMENTS, clock, 1)
    (evening,) = await fetched(source, clock, 1)
    clock.advance(DAY_SECONDS)
    (morning,) = await fetched(source, clock, 1)
    assert [quote.previous_close for quote in morning] == [quote.price for quote in evening]
