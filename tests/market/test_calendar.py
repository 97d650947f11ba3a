from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import exchange_calendars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.quotes import SHANGHAI
from server.market.calendar import HOLIDAYS_FOLDER, AroundTheClock, Phase, TradingCalendar
from server.market.hours import parse_trading_hours

CALENDAR = TradingCalendar()
KNOWN_YEARS = sorted(int(path.stem) for path in HOLIDAYS_FOLDER.glob("*.json"))


def at(text: str, day: str = "2026-01-05") -> datetime:
    return datetime.fromisoformat(f"{day}T{text}+08:00")


def test_the_years_that_matter_are_known() -> None:
    assert {2024, 2025, 2026} <= set(KNOWN_YEARS)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # exchange_calendars and pandas among themselves
@pytest.mark.parametrize("year", KNOWN_YEARS)
def test_the_trading_days_are_those_of_exchange_calendars(year: int) -> None:
    sessions = exchange_calendars.get_calendar("XSHG").sessions
    theirs = {session.date() for session in sessions if session.year == year}
    days = (date(year, 1, 1) + timedelta(days=index) for index in range(366))
    assert {day for day in days if day.year == year and CALENDAR.is_trading_day(day)} == theirs


def test_a_make_up_working_weekend_does_not_trade() -> None:
    assert not CALENDAR.is_trading_day(date(2026, 2, 14))  # a Saturday on which offices work


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        ("00:00", Phase.CLOSED),
        ("09:14:59", Phase.CLOSED),
        ("09:15", Phase.PRE_OPEN),
        ("09:24:59", Phase.PRE_OPEN),
        ("09:25", Phase.MATCHED),
        ("09:30", Phase.MORNING),
        ("11:29:59", Phase.MORNING),
        ("11:30", Phase.LUNCH),
        ("12:59:59", Phase.LUNCH),
        ("13:00", Phase.AFTERNOON),
        ("14:56:59", Phase.AFTERNOON),
        ("14:57", Phase.CLOSING_AUCTION),
        ("14:59:59", Phase.CLOSING_AUCTION),
        ("15:00", Phase.CLOSED),
        ("23:59:59", Phase.CLOSED),
    ],
)
def test_the_phases_of_a_day(moment: str, phase: Phase) -> None:
    assert CALENDAR.phase(at(moment)) is phase
    assert CALENDAR.phase(at(moment).astimezone(UTC)) is phase
    assert CALENDAR.is_open(at(moment)) is phase.is_trading


@pytest.mark.parametrize("day", ["2026-01-01", "2026-01-03", "2026-02-14", "2026-10-07"])
def test_holidays_and_weekends_have_one_phase(day: str) -> None:
    assert {CALENDAR.phase(at(moment, day)) for moment in ("09:20", "10:00", "14:58")} == {Phase.HOLIDAY}


@pytest.mark.usefixtures("_elsewhere")
def test_the_machine_s_time_zone_does_not_matter() -> None:
    assert CALENDAR.phase(at("09:30")) is Phase.MORNING
    assert CALENDAR.phase(datetime(2026, 1, 5, 1, 30, tzinfo=UTC)) is Phase.MORNING
    assert CALENDAR.next_open(at("15:00")) == at("09:30", "2026-01-06")
    assert CALENDAR.moment_at(date(2026, 1, 5), 0.5) == at("11:30")


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (at("08:00"), at("09:30")),
        (at("09:30"), at("13:00")),
        (at("12:00"), at("13:00")),
        (at("15:00", "2026-02-13"), at("09:30", "2026-02-24")),
        (at("10:00", "2026-01-03"), at("09:30")),
    ],
)
def test_the_next_open_skips_breaks_and_holidays(moment: datetime, opens: datetime) -> None:
    assert CALENDAR.next_open(moment) == opens


@pytest.mark.parametrize(
    ("moment", "phase", "begins"),
    [
        (at("08:00"), Phase.PRE_OPEN, at("09:15")),
        (at("09:15"), Phase.MATCHED, at("09:25")),
        (at("09:29:59"), Phase.MORNING, at("09:30")),
        (at("09:30"), Phase.LUNCH, at("11:30")),
        (at("12:00"), Phase.AFTERNOON, at("13:00")),
        (at("14:00"), Phase.CLOSING_AUCTION, at("14:57")),
        (at("14:58"), Phase.CLOSED, at("15:00")),
        (at("15:00", "2026-02-13"), Phase.PRE_OPEN, at("09:15", "2026-02-24")),
        (at("10:00", "2026-01-03"), Phase.PRE_OPEN, at("09:15")),
    ],
)
def test_what_comes_next(moment: datetime, phase: Phase, begins: datetime) -> None:
    assert CALENDAR.next_change(moment) == (phase, begins)


def test_a_session_over_noon_changes_there() -> None:
    calendar = TradingCalendar(sessions=parse_trading_hours("10:00-16:00"))
    assert calendar.next_change(at("11:00")) == (Phase.AFTERNOON, at("12:00"))


def test_neighbouring_trading_days_skip_holidays() -> None:
    assert CALENDAR.next_trading_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CALENDAR.previous_trading_day(date(2026, 10, 8)) == date(2026, 9, 30)


def test_a_missing_year_counts_weekdays_and_is_told_loudly_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calendar = TradingCalendar(tmp_path)
    assert calendar.missing_years == []
    with caplog.at_level(logging.WARNING):
        days = [calendar.is_trading_day(date(2031, 1, day)) for day in (1, 2, 3, 4, 5)]
    assert days == [True, True, True, False, False]
    assert calendar.missing_years == [2031]
    assert ["2031" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("text", ["", "[]", '{"closed": ["2031-13-01"]}', '{"open": []}'])
def test_a_file_that_cannot_be_read_is_a_missing_year(text: str, tmp_path: Path) -> None:
    (tmp_path / "2031.json").write_text(text)
    calendar = TradingCalendar(tmp_path)
    assert calendar.is_trading_day(date(2031, 1, 1))
    assert calendar.missing_years == [2031]


def test_a_calendar_without_any_trading_day_does_not_seek_for_ever(tmp_path: Path) -> None:
    year = [(date(2031, 1, 1) + timedelta(days=index)).isoformat() for index in range(365)]
    (tmp_path / "2031.json").write_text(f'{{"closed": {str(year).replace(chr(39), chr(34))}}}')
    with pytest.raises(ValueError, match="no trading day"):
        TradingCalendar(tmp_path).next_trading_day(date(2031, 3, 1))


@pytest.mark.parametrize(
    ("moment", "done"),
    [("09:00", 0.0), ("10:30", 0.25), ("11:30", 0.5), ("12:30", 0.5), ("14:00", 0.75), ("16:00", 1.0)],
)
def test_progress_counts_the_hours_of_trading_alone(moment: str, done: float) -> None:
    assert CALENDAR.progress(at(moment)) == done


def test_a_day_without_trading_is_over() -> None:
    assert CALENDAR.progress(at("10:30", "2026-01-03")) == 1.0


@given(st.integers(0, 14_400))
def test_a_moment_has_the_progress_it_was_asked_for(second: int) -> None:
    for trading in (CALENDAR, AroundTheClock()):
        progress = second / 14_401
        moment = trading.moment_at(date(2026, 1, 5), progress)
        assert trading.progress(moment) == pytest.approx(progress, abs=1 / 14_400)
        assert moment.tzinfo is SHANGHAI


def test_hours_of_one_session_have_no_lunch() -> None:
    calendar = TradingCalendar(sessions=parse_trading_hours("09:30-15:00"))
    assert calendar.phase(at("12:00")) is Phase.AFTERNOON
    assert calendar.phase(at("11:59")) is Phase.MORNING
