from __future__ import annotations

from datetime import time

import pytest

from server.market.hours import DEFAULT_TRADING_HOURS, Session, parse_trading_hours

MORNING, AFTERNOON = Session(time(9, 30), time(11, 30)), Session(time(13), time(15))


@pytest.mark.parametrize("text", [DEFAULT_TRADING_HOURS, " 09:30 - 11:30 , 13:00-15:00 "])
def test_sessions_are_read_in_order(text: str) -> None:
    assert parse_trading_hours(text) == (MORNING, AFTERNOON)


def test_one_session_without_a_break_is_allowed() -> None:
    assert parse_trading_hours("09:30-15:00") == (Session(time(9, 30), time(15)),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got ''"),
        ("09:30", "got '09:30'"),
        ("9:30-11:30", "HH:MM"),
        ("0930-1130", "HH:MM"),
        ("09:30-24:00", "00:00 to 23:59"),
        ("09:60-10:00", "00:00 to 23:59"),
        ("११:00-12:00", "HH:MM"),
        ("11:30-09:30", "ends before it begins"),
        ("09:30-09:30", "ends before it begins"),
        ("13:00-15:00,09:30-11:30", "begins before"),
        ("09:30-13:00,13:00-15:00", "begins before"),
        ("09:30-11:30,", "got ''"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_trading_hours(text)
