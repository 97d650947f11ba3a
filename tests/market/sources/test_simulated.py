from __future__ import annotations

import pytest

from server.domain.quotes import Quote
from server.market.calendar import TradingCalendar
from server.market.instruments import INSTRUMENTS, Kind
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
async def test_every_instrument_has_a_quote() -> None:
    quotes = await SimulatedSource(INSTRUMENTS, FakeClock(), 1).fetch()
    assert [quote.symbol for quote in quotes] == [instrument.symbol for instrument in INSTRUMENTS]


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
    trading = [(one, two) for one, two in zip(rounds[0], rounds[-1], strict=True) if not one.suspended]
    assert len(trading) == len(INSTRUMENTS) - 1
    assert all(last.volume > first.volume for first, last in trading)
    assert sum(first.price != last.price for first, last in trading) > 18


@pytest.mark.gen_test
async def test_a_new_day_takes_the_last_price_as_previous_close() -> None:
    clock = FakeClock()
    source = SimulatedSource(INSTRUMENTS, clock, 1)
    clock.advance(14 * 3600 - 6)  # the last moment of the day in Shanghai
    (evening,) = await fetched(source, clock, 1)
    (morning,) = await fetched(source, clock, 1)
    assert [quote.previous_close for quote in morning] == [quote.price for quote in evening]
    assert all(
        quote.volume < 0.1 * before.volume or quote.suspended for quote, before in zip(morning, evening, strict=True)
    )


@pytest.mark.gen_test
async def test_with_a_calendar_it_keeps_the_exchanges_hours() -> None:
    clock = FakeClock()
    source = SimulatedSource(INSTRUMENTS, clock, trading=TradingCalendar())
    clock.advance(2 * 3600)  # noon
    noon, still = await fetched(source, clock, 2)
    assert noon == still
    assert all(quote.volume for quote in noon if not quote.suspended)
    assert any(quote.suspended for quote in noon)
    assert all(
        (quote.limit_up is None) == (instrument.kind is Kind.INDEX)
        for quote, instrument in zip(noon, INSTRUMENTS, strict=True)
    )
