from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.quotes import SHANGHAI
from server.market.calendar import TradingCalendar
from server.market.days import EveryDay, ExchangeDays, FinalPrints
from server.market.schedule import AnyHourSchedule, MinuteSchedule, Schedule
from server.services.timetable import Timetable
from tests.support.clock import FakeClock
from tests.support.leftovers import ErrorLog


def at(text: str) -> datetime:
    """Return a moment of the exchanges' time, as ``2026-01-05 09:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


async def moments(begin: str, end: str, *schedules: Schedule, step_seconds: float = 20) -> list[str]:
    """Return when something was done between two moments."""
    clock, done = FakeClock(at(begin)), list[str]()

    async def act() -> None:
        done.append(f"{clock.now().astimezone(SHANGHAI):%d %H:%M:%S}")

    timetable = Timetable(clock)
    for schedule in schedules:
        timetable.add("it", schedule, act)
    while clock.now() < at(end):
        clock.advance(step_seconds)
        timetable.run_due()
        await timetable.finish()
    return done


@pytest.mark.gen_test
async def test_a_trading_day_from_open_to_close_without_its_break() -> None:
    done = await moments("2026-01-05 08:00", "2026-01-05 23:00", MinuteSchedule(TradingCalendar()))
    assert (done[0], done[-1], len(done)) == ("05 09:30:00", "05 15:00:00", 242)
    assert done[done.index("05 11:30:00") + 1] == "05 13:00:00"


@pytest.mark.gen_test
async def test_a_weekend_and_holidays_are_skipped() -> None:
    """New Year's Day 2026 is a Thursday, and the Friday behind it is closed, too."""
    done = await moments("2025-12-31 14:58", "2026-01-05 09:32", MinuteSchedule(TradingCalendar()))
    assert done == ["31 14:59:00", "31 15:00:00", "05 09:30:00", "05 09:31:00", "05 09:32:00"]


@pytest.mark.gen_test
async def test_the_final_prints_and_the_settled_day_follow_the_close() -> None:
    days = ExchangeDays(TradingCalendar())
    looks = await moments("2026-01-05 09:00", "2026-01-06 09:00", FinalPrints(days))
    assert looks == ["05 15:01:00", "05 15:02:00", "05 15:03:00", "05 15:04:00"]
    assert await moments("2026-01-02 09:00", "2026-01-06 16:00", days) == ["05 15:05:00", "06 15:05:00"]
    assert await moments("2026-01-05 15:04:50", "2026-01-05 15:10", days) == ["05 15:05:10"]


@pytest.mark.gen_test
async def test_development_pushes_at_any_hour() -> None:
    done = await moments("2026-01-03 23:59:50", "2026-01-04 00:00:05", AnyHourSchedule(3), step_seconds=1)
    assert done == ["03 23:59:51", "03 23:59:54", "03 23:59:57", "04 00:00:00", "04 00:00:03"]


@pytest.mark.parametrize(
    ("moment", "exchange", "every"),
    [
        ("2026-01-05 15:04:59", "2025-12-31", "2026-01-04"),
        ("2026-01-05 15:05", "2026-01-05", "2026-01-04"),
        ("2026-01-06 00:04", "2026-01-05", "2026-01-04"),
        ("2026-01-06 00:05", "2026-01-05", "2026-01-05"),
        ("2026-01-04 16:00", "2025-12-31", "2026-01-03"),
    ],
)
def test_the_last_settled_day(moment: str, exchange: str, every: str) -> None:
    assert ExchangeDays(TradingCalendar()).last_settled(at(moment)).isoformat() == exchange
    assert EveryDay().last_settled(at(moment)).isoformat() == every


def test_a_day_of_24_hours_settles_after_midnight() -> None:
    assert EveryDay().next_push(at("2026-01-05 12:00")) == at("2026-01-06 00:05")
    assert EveryDay().next_push(at("2026-01-06 00:04")) == at("2026-01-06 00:05")
    assert EveryDay().next_push(at("2026-01-06 00:05")) == at("2026-01-07 00:05")


class Busy:
    """Something that takes as long as the test says."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        await self.gate.wait()


def advancing(clock: FakeClock, timetable: Timetable) -> Callable[[float], None]:
    def advance(seconds: float) -> None:
        clock.advance(seconds)
        timetable.run_due()

    return advance


@pytest.mark.gen_test
async def test_what_is_still_busy_is_not_begun_again() -> None:
    clock, busy = FakeClock(), Busy()
    timetable = Timetable(clock)
    timetable.add("it", AnyHourSchedule(3), busy)
    advance = advancing(clock, timetable)
    for _ in range(4):
        advance(3)
        await asyncio.sleep(0)
    assert busy.begun == 1
    busy.gate.set()
    await timetable.finish()
    advance(3)
    await timetable.stop()
    assert busy.begun == 2


@pytest.mark.gen_test
async def test_a_failure_is_logged_and_a_long_sleep_made_up_for_once(logged_errors: ErrorLog) -> None:
    clock, done = FakeClock(), list[datetime]()

    async def act() -> None:
        done.append(clock.now())
        raise ValueError

    timetable = Timetable(clock)
    timetable.add("the push", AnyHourSchedule(3), act)
    advance = advancing(clock, timetable)
    for seconds in (3600, 1, 1, 1):
        advance(seconds)
        await timetable.finish()
    assert len(done) == 2
    assert ["the push failed" in str(record) for record in logged_errors.pop_all()] == [True, True]


@pytest.mark.gen_test
async def test_a_clock_that_is_set_back_stops_nothing() -> None:
    clock, done = FakeClock(), list[datetime]()

    async def act() -> None:
        done.append(clock.now())

    timetable = Timetable(clock)
    timetable.add("it", AnyHourSchedule(3), act)
    advance = advancing(clock, timetable)
    advance(-timedelta(days=1).total_seconds())
    advance(3)
    await timetable.finish()
    assert len(done) == 1


@pytest.mark.gen_test
async def test_the_timer_does_it(io_loop: object) -> None:
    clock, done = FakeClock(), asyncio.Event()

    async def act() -> None:
        done.set()

    timetable = Timetable(clock, tick_seconds=0.01)
    timetable.add("at the start", AnyHourSchedule(3), act, at_once=True)
    timetable.start()
    await done.wait()
    done.clear()
    clock.advance(3)
    await done.wait()
    await timetable.stop()
