from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.quotes import SHANGHAI
from server.market.calendar import TradingCalendar
from server.market.hours import parse_trading_hours
from server.market.schedule import AnyHourSchedule, MinuteSchedule
from tests.market.test_calendar import at

CALENDAR = TradingCalendar()
SCHEDULE = MinuteSchedule(CALENDAR)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 20), timezones=st.just(UTC))  # noqa: DTZ001
INTERVALS = st.sampled_from([0.5, 3.0, 7.0, 60.0, 61.0, 300.0, 3600.0, 100_000.0])


@pytest.mark.parametrize(
    ("after", "push"),
    [
        (at("09:29:59.999"), at("09:30")),
        (at("09:30"), at("09:31")),
        (at("10:00:59.999999"), at("10:01")),
        (at("11:29:30"), at("11:30")),
        (at("11:30"), at("13:00")),
        (at("14:59:01"), at("15:00")),
        (at("15:00"), at("09:30", "2026-01-06")),
        (at("15:00", "2026-01-09"), at("09:30", "2026-01-12")),
        (at("15:00", "2026-09-30"), at("09:30", "2026-10-08")),
        (datetime(2026, 1, 5, 1, 30, 1, tzinfo=UTC), at("09:31")),
    ],
)
def test_the_next_push_is_on_the_minute_while_the_exchanges_trade(after: datetime, push: datetime) -> None:
    assert SCHEDULE.next_push(after) == push


def test_a_day_has_a_push_for_each_minute_and_one_at_each_close() -> None:
    pushes = [at("09:00")]
    while pushes[-1] < at("15:00"):
        pushes.append(SCHEDULE.next_push(pushes[-1]))
    assert len(pushes) - 1 == 2 * 121
    assert {at("11:30"), at("15:00")} <= set(pushes)
    assert all(later - earlier >= timedelta(minutes=1) for earlier, later in pairwise(pushes[1:]))


def test_an_interval_that_does_not_fit_still_ends_with_the_close() -> None:
    schedule = MinuteSchedule(CALENDAR, 7 * 60)
    assert schedule.next_push(at("11:29")) == at("11:30")
    assert schedule.next_push(at("11:21")) == at("11:22")


def test_the_hours_are_the_calendar_s() -> None:
    schedule = MinuteSchedule(TradingCalendar(sessions=parse_trading_hours("09:30-15:00")))
    assert schedule.next_push(at("11:30")) == at("11:31")


@given(MOMENTS, INTERVALS)
def test_a_push_is_later_within_a_session_and_nothing_lies_between(after: datetime, interval: float) -> None:
    schedule = MinuteSchedule(CALENDAR, interval)
    push = schedule.next_push(after)
    assert push > after
    opens, closes = next(session for session in CALENDAR.sessions_from(push) if session[1] >= push)
    assert opens <= push <= closes
    assert push == closes or ((push - opens) / timedelta(seconds=interval)).is_integer()
    between = after + (push - after) / 2
    assert schedule.next_push(between) == push or between <= after


@given(MOMENTS, INTERVALS)
def test_at_any_hour_pushes_are_one_interval_apart(after: datetime, interval: float) -> None:
    schedule = AnyHourSchedule(interval)
    push = schedule.next_push(after)
    assert after < push <= after + timedelta(seconds=interval)
    assert schedule.next_push(push) == push + timedelta(seconds=interval)


@pytest.mark.usefixtures("_elsewhere")
def test_the_machine_s_time_zone_does_not_matter() -> None:
    assert SCHEDULE.next_push(at("11:30")) == at("13:00")
    assert SCHEDULE.next_push(at("11:30")).tzinfo is SHANGHAI
