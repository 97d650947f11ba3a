from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from server.domain.quotes import Quote
from server.market.bars import daily_bar
from server.market.calendar import AroundTheClock, TradingCalendar
from server.market.instruments import INSTRUMENTS, Instrument, InstrumentTable, Kind
from server.market.quotes import price_limits, round_to_tick
from server.market.simulated_days import FIRST_DAY
from server.market.simulation import SimulatedMarket
from tests.market.test_calendar import at

TABLE = InstrumentTable(
    [
        Instrument("600519.SH", "贵州茅台", 1460.0, 3_200_000),
        Instrument("300750.SZ", "宁德时代", 375.0, 24_000_000),
        Instrument("920185.BJ", "贝特瑞", 32.5, 14_000_000),
        Instrument("000001.SH", "上证指数", 3850.0, 52_000_000_000, Kind.INDEX),
    ]
)
MOUTAI, BATTERY, BEIJING, COMPOSITE = TABLE
TODAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return SimulatedMarket([MOUTAI, BATTERY, COMPOSITE], TradingCalendar(), seed=4)


def test_every_share_of_the_table_has_a_year_of_plausible_bars() -> None:
    made = SimulatedMarket(INSTRUMENTS, TradingCalendar(), seed=1)
    calendar = TradingCalendar()
    for share in INSTRUMENTS:
        bars = made.daily_bars(share.symbol, TODAY, 260)
        assert len(bars) == 260
        assert [bar.time for bar in bars] == sorted({bar.time for bar in bars})
        assert all(calendar.is_trading_day(bar.time.date()) for bar in bars)
        assert bars[-1].time.date() < TODAY
        for bar in bars:
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume > 0 and bar.amount > 0
            assert all(price == round_to_tick(price) for price in (bar.open, bar.high, bar.low, bar.close))


def test_no_day_leaves_its_limits_and_some_end_at_them(market: SimulatedMarket) -> None:
    for share, percent in ((MOUTAI, 10), (BATTERY, 20)):
        bars = market.daily_bars(share.symbol, date(2026, 12, 1), 2000)
        limits = [price_limits(before.close, percent) for before in bars]
        days = list(zip(limits[:-1], bars[1:], strict=True))
        assert all(down <= bar.low and bar.high <= up for (down, up), bar in days)
        assert any(bar.close in pair for pair, bar in days)


def test_the_quote_begins_where_the_last_bar_ends(market: SimulatedMarket) -> None:
    for instrument in market.instruments:
        last = market.daily_bars(instrument.symbol, TODAY, 1)[0]
        assert market.quote(instrument, at("10:00")).previous_close == last.close


def test_a_day_s_last_quote_is_its_bar(market: SimulatedMarket) -> None:
    for instrument in market.instruments:
        made = daily_bar(market.quote(instrument, at("15:00")))
        bar = market.daily_bars(instrument.symbol, TODAY + timedelta(days=1), 1)[0]
        assert made is not None
        assert (made.time, made.open, made.high, made.low, made.close, made.volume) == (
            bar.time,
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
        )
        assert made.amount == pytest.approx(bar.amount, rel=0.05)


def minutes(market: SimulatedMarket, instrument: Instrument) -> list[Quote]:
    start = at("09:30")  # every other minute up to the close
    return [market.quote(instrument, start + timedelta(minutes=minute)) for minute in range(0, 331, 2)]


def test_most_trades_are_early_and_late(market: SimulatedMarket) -> None:
    volumes = np.array([quote.volume for quote in minutes(market, MOUTAI)])
    traded = np.diff(volumes)
    assert (traded >= 0).all()
    morning, noon, evening = traded[:15].sum(), traded[45:60].sum(), traded[-15:].sum()
    assert morning > 1.5 * noon and evening > 1.5 * noon
    assert traded[61:104].sum() == 0  # lunch


def test_a_quote_s_figures_agree_with_each_other(market: SimulatedMarket) -> None:
    for quote in minutes(market, BATTERY)[1:]:
        assert quote.low <= min(quote.open, quote.price) <= max(quote.open, quote.price) <= quote.high
        assert quote.low <= quote.amount / quote.volume <= quote.high
        assert quote.limit_down is not None and quote.limit_up is not None
        assert quote.limit_down <= quote.low and quote.high <= quote.limit_up


def test_a_day_opens_with_a_gap(market: SimulatedMarket) -> None:
    bars = market.daily_bars(MOUTAI.symbol, TODAY, 200)
    gaps = [abs(bar.open / before.close - 1) for before, bar in pairwise(bars)]
    assert 0.001 < float(np.median(gaps)) < 0.03


def test_the_same_seed_is_the_same_market_whatever_was_asked_before() -> None:
    moment = at("10:17:23")
    first, second, other = (SimulatedMarket(TABLE, TradingCalendar(), seed) for seed in (7, 7, 8))
    for hour in ("09:31", "14:00"):
        second.quote(MOUTAI, at(hour))
    second.daily_bars(BATTERY.symbol, date(2026, 6, 1), 10)
    quotes = [[market.quote(one, moment) for one in TABLE] for market in (first, second, other)]
    assert quotes[0] == quotes[1]
    assert quotes[0] != quotes[2]


def test_before_the_open_the_price_is_the_last_close(market: SimulatedMarket) -> None:
    quote = market.quote(MOUTAI, at("09:20"))
    assert (quote.price, quote.volume, quote.suspended) == (quote.previous_close, 0, False)


@pytest.mark.parametrize("moment", [at("16:00"), at("08:00", "2026-01-03"), at("23:00", "2026-01-04")])
def test_after_the_close_nothing_moves(market: SimulatedMarket, moment: datetime) -> None:
    day = moment.date() if moment.date() == TODAY else date(2025, 12, 31)
    assert market.quote(MOUTAI, moment) == market.quote(MOUTAI, at("15:00", day.isoformat()))


def test_one_share_is_suspended_each_week() -> None:
    market = SimulatedMarket(INSTRUMENTS, TradingCalendar())
    suspended = [quote for one in INSTRUMENTS if (quote := market.quote(one, at("10:00"))).suspended]
    assert len(suspended) == 1
    assert (suspended[0].volume, suspended[0].price) == (0, suspended[0].previous_close)
    later = {one.symbol for one in INSTRUMENTS if market.is_suspended(one.symbol, TODAY + timedelta(days=7))}
    assert later and later != {suspended[0].symbol}


def test_a_suspended_day_has_no_bar() -> None:
    market = SimulatedMarket(TABLE, AroundTheClock())
    assert market.is_suspended(BEIJING.symbol, TODAY)
    assert market.daily_bars(BEIJING.symbol, TODAY + timedelta(days=1), 5) == []


def test_around_the_clock_prices_move_at_any_hour() -> None:
    market = SimulatedMarket(TABLE, AroundTheClock())
    for hour in (0, 5, 12, 23):
        start = at(f"{hour:02}:10", "2026-01-04")
        prices = {market.quote(MOUTAI, start + timedelta(seconds=second)).price for second in range(0, 300, 3)}
        assert len(prices) > 5


def test_a_clock_far_in_the_past_sees_the_first_day() -> None:
    market = SimulatedMarket(TABLE, AroundTheClock())
    quote = market.quote(MOUTAI, at("10:00", "1999-01-05"))
    assert quote.previous_close == MOUTAI.base_price
    assert quote.timestamp.date() == FIRST_DAY
    assert market.daily_bars(MOUTAI.symbol, date(1999, 1, 5), 5) == []
