from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from server.domain.bars import Bar
from server.domain.quotes import SHANGHAI, Quote
from server.market.bars import BarArrays, MinuteBars, daily_bar, minute_bars
from tests.market.test_calendar import at

QUOTE = Quote(
    symbol="600519.SH",
    name="贵州茅台",
    price=10.0,
    previous_close=9.9,
    volume=1000,
    amount=10_000.0,
    timestamp=at("10:00"),
)


def quote(clock: str, price: float, volume: int, day: str = "2026-01-05") -> Quote:
    moment = at(clock, day)
    return msgspec.structs.replace(QUOTE, timestamp=moment, price=price, volume=volume, amount=volume * 10.0)


def bar(clock: str, prices: tuple[float, float, float, float], volume: int, day: str = "2026-01-05") -> Bar:
    return Bar(at(clock, day), *prices, volume, volume * 10.0)


def test_volumes_are_what_was_added_within_the_minute() -> None:
    quotes = [
        quote("10:00:01", 10.0, 1000),
        quote("10:00:20", 10.3, 1500),
        quote("10:00:40", 9.8, 1600),
        quote("10:00:59", 10.1, 1700),
        quote("10:01:00", 10.2, 1900),
    ]
    assert list(minute_bars(quotes)) == [
        bar("10:00", (10.0, 10.3, 9.8, 10.1), 700),
        bar("10:01", (10.2, 10.2, 10.2, 10.2), 200),
    ]


def test_a_bar_is_given_when_the_next_minute_begins_and_the_last_at_the_end() -> None:
    bars = MinuteBars()
    assert bars.add(quote("10:00:01", 10.0, 1000)) is None
    assert bars.add(quote("10:00:31", 10.0, 1100)) is None
    assert bars.add(quote("10:01:31", 10.0, 1200)) == bar("10:00", (10.0, 10.0, 10.0, 10.0), 100)
    assert bars.finish() == bar("10:01", (10.0, 10.0, 10.0, 10.0), 100)
    assert bars.finish() is None


def test_a_gap_has_no_bars_and_its_volume_counts_where_it_is_seen() -> None:
    quotes = [quote("10:00", 10.0, 1000), quote("10:07:30", 10.5, 4000)]
    assert [(one.time, one.volume) for one in minute_bars(quotes)] == [(at("10:00"), 0), (at("10:07"), 3000)]


def test_a_minute_in_which_only_the_time_moved_has_no_bar() -> None:
    quotes = [quote("10:00", 10.0, 1000), quote("10:01", 10.0, 1000), quote("10:02", 10.0, 1100)]
    assert [one.time for one in minute_bars(quotes)] == [at("10:00"), at("10:02")]


def test_a_new_day_begins_at_nothing() -> None:
    quotes = [quote("14:59", 10.0, 9000), quote("09:30", 10.2, 9500, "2026-01-06")]
    assert [one.volume for one in minute_bars(quotes)] == [0, 9500]


def test_a_count_that_falls_back_begins_anew() -> None:
    quotes = [quote("10:00", 10.0, 9000), quote("10:01", 10.1, 100), quote("10:02", 10.1, 300)]
    assert [one.volume for one in minute_bars(quotes)] == [0, 0, 200]


def test_late_and_repeated_quotes_are_left_out() -> None:
    quotes = [
        quote("10:01", 10.0, 1000),
        quote("10:00:59", 99.0, 900),
        quote("10:01", 10.0, 1000),
        quote("10:01:01", 10.0, 1100),
    ]
    assert list(minute_bars(quotes)) == [bar("10:01", (10.0, 10.0, 10.0, 10.0), 100)]


def test_two_trades_in_one_second_are_both_taken() -> None:
    quotes = [quote("10:01", 10.0, 1000), quote("10:01", 10.2, 1300), quote("10:01", 10.1, 1400)]
    assert list(minute_bars(quotes)) == [bar("10:01", (10.0, 10.2, 10.0, 10.1), 400)]


def test_a_suspended_share_has_no_bars() -> None:
    suspended = msgspec.structs.replace(QUOTE, suspended=True, volume=0)
    assert list(minute_bars([suspended])) == []
    assert daily_bar(suspended) is None


def test_minutes_are_the_exchanges_() -> None:
    utc = msgspec.structs.replace(QUOTE, timestamp=datetime(2026, 1, 5, 2, 0, 30, tzinfo=UTC))
    [only] = minute_bars([utc])
    assert only.time == at("10:00") and only.time.tzinfo is SHANGHAI


@given(st.lists(st.tuples(st.integers(0, 3600), st.integers(1, 2000), st.integers(0, 10_000)), max_size=40))
def test_bars_rise_in_time_hold_their_prices_and_lose_no_volume(ticks: list[tuple[int, int, int]]) -> None:
    seconds = sorted(tick[0] for tick in ticks)
    volumes = sorted(tick[2] for tick in ticks)
    quotes = [
        quote(f"10:{second // 60 % 60:02}:{second % 60:02}" if second < 3600 else "11:00:00", price / 100, volume)
        for second, (_, price, _), volume in zip(seconds, ticks, volumes, strict=True)
    ]
    made = list(minute_bars(quotes))
    assert [one.time for one in made] == sorted({one.time for one in made})
    assert all(one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high for one in made)
    assert sum(one.volume for one in made) == (volumes[-1] - volumes[0] if volumes else 0)


def test_a_daily_bar_is_the_day_so_far() -> None:
    full = msgspec.structs.replace(QUOTE, open=9.8, high=10.4, low=9.7)
    assert daily_bar(full) == Bar(at("00:00"), 9.8, 10.4, 9.7, 10.0, 1000, 10_000.0)


def test_a_daily_bar_makes_do_without_what_the_source_does_not_know() -> None:
    assert daily_bar(QUOTE) == Bar(at("00:00"), 10.0, 10.0, 10.0, 10.0, 1000, 10_000.0)


def test_a_day_without_trades_has_no_bar() -> None:
    assert daily_bar(msgspec.structs.replace(QUOTE, volume=0)) is None


def test_arrays_hold_the_bars_columns() -> None:
    arrays = BarArrays.of([bar("10:00", (1.0, 4.0, 0.5, 2.0), 7), bar("10:00", (2.0, 5.0, 1.5, 3.0), 8, "2026-01-06")])
    assert arrays.days == (date(2026, 1, 5), date(2026, 1, 6))
    assert [list(column) for column in arrays[1:]] == [[1, 2], [4, 5], [0.5, 1.5], [2, 3], [7, 8]]


def test_no_bars_are_empty_arrays() -> None:
    arrays = BarArrays.of([])
    assert arrays.days == ()
    assert [column.shape for column in arrays[1:]] == [(0,)] * 5
