from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from server.domain.bars import Bar, Period
from server.domain.quotes import SHANGHAI, Quote
from server.errors import ErrorCode, RequestError
from server.market.calendar import AroundTheClock
from server.market.instruments import INSTRUMENTS
from server.market.simulation import SimulatedMarket
from server.services.bars import BarService
from server.services.demo_bars import DAYS, fill_bars
from server.storage.bars import BarRepository
from server.storage.documents import Database
from tests.support.clock import FakeClock

MOUTAI, PINGAN = "600519.SH", "000001.SZ"
TODAY = datetime(2026, 1, 5, tzinfo=SHANGHAI)


def quote(time: str, price: float, volume: int, symbol: str = MOUTAI) -> Quote:
    hour, minute, second = map(int, time.split(":"))
    return Quote(
        symbol=symbol,
        name=symbol,
        price=price,
        previous_close=10.0,
        volume=volume,
        amount=volume * 10.0,
        open=10.0,
        high=11.0,
        low=9.0,
        timestamp=TODAY.replace(hour=hour, minute=minute, second=second),
    )


def bar(time: datetime, close: float, volume: int = 100) -> Bar:
    return Bar(time=time, open=10.0, high=11.0, low=9.0, close=close, volume=volume, amount=1000.0)


def service(database: Database, repository: BarRepository | None = None) -> BarService:
    return BarService(repository or BarRepository(database), FakeClock(), timedelta(days=30))


@pytest.mark.gen_test
async def test_quotes_become_bars_that_are_seen_at_once_and_survive(database: Database) -> None:
    bars = service(database)
    for one in (quote("10:00:03", 10.0, 1000), quote("10:00:30", 10.4, 1500), quote("10:01:10", 10.2, 1800)):
        bars.take([one])
    minutes = await bars.newest(MOUTAI, Period.MINUTE, 10)
    assert [(one.time.minute, one.close, one.volume) for one in minutes] == [(0, 10.4, 500), (1, 10.2, 300)]
    [day] = await bars.newest(MOUTAI, Period.DAY, 10)
    assert (day.time, day.close, day.volume) == (TODAY, 10.2, 1800)
    assert await database["bars"].count_documents({}) == 0
    await bars.stop()
    after = service(database)
    assert await after.newest(MOUTAI, Period.MINUTE, 10) == minutes
    assert await after.newest(MOUTAI, Period.DAY, 10) == [day]
    assert await after.newest(PINGAN, Period.DAY, 10) == []


@pytest.mark.gen_test
async def test_the_halves_of_a_minute_around_a_restart_are_one_bar(database: Database) -> None:
    for times in (("10:00:03", "10:00:20"), ("10:00:40", "10:00:55")):
        bars = service(database)
        bars.take([quote(times[0], 10.0, 1000)])
        bars.take([quote(times[1], 10.5, 1200)])
        await bars.stop()
    [minute] = await bars.newest(MOUTAI, Period.MINUTE, 10)
    assert (minute.open, minute.high, minute.low, minute.close) == (10.0, 10.5, 10.0, 10.5)
    assert await database["bars"].count_documents({"period": "1m"}) == 1


@pytest.mark.gen_test
async def test_minutes_expire_and_days_do_not(database: Database) -> None:
    bars = service(database)
    bars.take([quote("10:00:03", 10.0, 1000)])
    bars.take([quote("10:00:30", 10.4, 1500)])
    await bars.stop()
    stored = {one["period"]: one async for one in database["bars"].find()}
    assert stored["1m"]["expires_at"] == FakeClock().now() + timedelta(days=30)
    assert "expires_at" not in stored["1d"]


class Away(BarRepository):
    """A database that is away for a while."""

    away = True

    async def replace(self, period: Period, bars: object) -> None:
        if self.away:
            raise RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")
        await super().replace(period, bars)  # type: ignore[arg-type]


@pytest.mark.gen_test
async def test_what_the_database_did_not_take_waits(database: Database) -> None:
    repository = Away(database)
    bars = service(database, repository)
    bars.take([quote("10:00:03", 10.0, 1000)])
    await bars.flush()
    bars.take([quote("10:00:09", 10.1, 1100)])
    repository.away = False
    await bars.flush()
    [day] = await service(database).newest(MOUTAI, Period.DAY, 10)
    assert (day.close, day.volume) == (10.1, 1100)


@pytest.mark.gen_test
async def test_minutes_that_wait_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.services.bars.MOST_WAITING", 3)
    bars = service(database)
    for minute in range(10):
        bars.take([quote(f"10:{minute:02}:00", 10.0 + minute, 1000 + minute)])
    assert [one.time.minute for one in await bars.newest(MOUTAI, Period.MINUTE, 100)] == [6, 7, 8, 9]


@pytest.mark.gen_test
async def test_bars_are_replaced_added_and_given_up_to_a_day(database: Database) -> None:
    repository = BarRepository(database)
    days = [TODAY - timedelta(days=n) for n in range(3, 0, -1)]
    await repository.add_missing(Period.DAY, [(MOUTAI, bar(day, 10.0)) for day in days[:2]])
    await repository.add_missing(Period.DAY, [(MOUTAI, bar(day, 10.5)) for day in days])
    await repository.replace(Period.DAY, [(MOUTAI, bar(days[0], 10.9)), (PINGAN, bar(days[0], 9.5))])
    assert [one.close for one in await repository.newest(MOUTAI, Period.DAY, 10)] == [10.9, 10.0, 10.5]
    assert [one.close for one in await repository.newest(MOUTAI, Period.DAY, 2)] == [10.0, 10.5]
    assert [one.time for one in await repository.newest(MOUTAI, Period.DAY, 9, days[1].date())] == days[:2]
    assert await repository.newest(MOUTAI, Period.MINUTE, 10) == []


@pytest.mark.gen_test
async def test_the_demo_has_250_days_and_makes_those_it_missed_whole(database: Database) -> None:
    clock, repository = FakeClock(), BarRepository(database)
    market = SimulatedMarket(INSTRUMENTS, AroundTheClock())
    await fill_bars(repository, market, clock)
    filled = await repository.newest(MOUTAI, Period.DAY, 1000)
    assert (len(filled), filled[-1].time) == (DAYS, TODAY - timedelta(days=1))
    clock.advance(3 * 86_400)
    await repository.replace(Period.DAY, [(MOUTAI, bar(TODAY, 1.0))])  # stopped on that day
    await fill_bars(repository, market, clock)
    filled = await repository.newest(MOUTAI, Period.DAY, 1000)
    assert len(filled) == DAYS + 3
    assert filled[-DAYS:] == market.daily_bars(MOUTAI, (TODAY + timedelta(days=3)).date(), DAYS)
