from __future__ import annotations

import pytest

from server.market.instruments import (
    INSTRUMENTS,
    Kind,
    Market,
    daily_limit_percent,
    kind_of,
    prefixed_code,
    read_symbol,
    symbol_of_code,
    tick_of,
)


def shares() -> list[str]:
    return [instrument.symbol for instrument in INSTRUMENTS if instrument.kind is Kind.SHARE]


def test_the_table_holds_about_thirty_shares_of_all_three_markets() -> None:
    markets = {instrument.market for instrument in INSTRUMENTS if instrument.kind is Kind.SHARE}
    assert 28 <= len(shares()) <= 35
    assert markets == set(Market)


def test_six_digits_name_a_share_even_where_an_index_has_the_same() -> None:
    found = INSTRUMENTS.find("000001")
    assert found is not None
    assert (found.symbol, found.name) == ("000001.SZ", "平安银行")


def test_a_symbol_names_an_index_or_a_share() -> None:
    index, share = INSTRUMENTS.find("000001.SH"), INSTRUMENTS.find("600519.SH")
    assert index is not None and index.kind is Kind.INDEX
    assert share is not None and share.kind is Kind.SHARE


@pytest.mark.parametrize("target", ["", "000300", "999999", "600519.SZ", "600519.sh", "600519 ", "贵州茅台"])
def test_nothing_else_names_anything(target: str) -> None:
    assert INSTRUMENTS.find(target) is None


@pytest.mark.parametrize(
    ("target", "percent"),
    [("600519", 10), ("000001", 10), ("300750", 20), ("688981", 20), ("920185", 30), ("000001.SH", None)],
)
def test_the_daily_limit_is_the_board_s(target: str, percent: int | None) -> None:
    found = INSTRUMENTS.find(target)
    assert found is not None
    assert found.daily_limit_percent == percent


def test_every_row_is_plausible() -> None:
    for instrument in INSTRUMENTS:
        assert len(instrument.code) == 6 and instrument.code.isdigit()
        assert instrument.base_price > 0 and instrument.usual_volume > 0
    assert len(set(shares())) == len({symbol.partition(".")[0] for symbol in shares()})


@pytest.mark.parametrize(
    ("code", "market"),
    [
        ("430047", "BJ"),
        ("832000", "BJ"),
        ("873169", "BJ"),
        ("920185", "BJ"),  # before Shanghai's 9
        ("900901", "SH"),
        ("600519", "SH"),
        ("688981", "SH"),
        ("510300", "SH"),
        ("113001", "SH"),
        ("110059", "SH"),
        ("118003", "SH"),
        ("132018", "SH"),
        ("204001", "SH"),
        ("000001", "SZ"),
        ("300750", "SZ"),
        ("159915", "SZ"),
        ("127045", "SZ"),
        ("200002", "SZ"),
        ("119999", "SZ"),
    ],
)
def test_the_market_follows_from_the_code(code: str, market: str) -> None:
    assert symbol_of_code(code) == f"{code}.{market}"
    assert read_symbol(code) == read_symbol(f"{market.lower()}{code}") == f"{code}.{market}"


def test_a_prefix_or_an_ending_says_the_market_and_is_never_dropped() -> None:
    assert [read_symbol(text) for text in ("sh000001", "000001.SH", "000001.sh", " SH000001 ")] == ["000001.SH"] * 4
    assert [read_symbol(text) for text in ("sz000001", "000001.SZ", "000001")] == ["000001.SZ"] * 3
    assert (prefixed_code("000001.SH"), prefixed_code("920185.BJ")) == ("sh000001", "bj920185")


@pytest.mark.parametrize(
    "text",
    ["", "60051", "6005190", "60051a", "６００５１９", "600519.", "600519.HK", "hk00700", "sh", ".SH", "sh600519.SZ"],
)
def test_what_is_no_symbol_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="got"):
        read_symbol(text)


@pytest.mark.parametrize(
    ("symbol", "kind", "tick"),
    [
        ("000001.SH", Kind.INDEX, "0.01"),
        ("000001.SZ", Kind.SHARE, "0.01"),
        ("399001.SZ", Kind.INDEX, "0.01"),
        ("899050.BJ", Kind.INDEX, "0.01"),
        ("510300.SH", Kind.FUND, "0.001"),
        ("159915.SZ", Kind.FUND, "0.001"),
        ("113001.SH", Kind.BOND, "0.001"),
        ("127045.SZ", Kind.BOND, "0.001"),
        ("920185.BJ", Kind.SHARE, "0.01"),
    ],
)
def test_the_symbol_says_the_kind_and_the_kind_the_tick(symbol: str, kind: Kind, tick: str) -> None:
    assert kind_of(symbol) is kind
    assert str(tick_of(kind)) == tick


@pytest.mark.parametrize(
    ("symbol", "name", "percent"),
    [
        ("600519.SH", "贵州茅台", 10),
        ("600000.SH", "ST浦发", 5),
        ("600000.SH", "*ST浦发", 5),
        ("600000.SH", "浦发ST", 10),
        ("300001.SZ", "ST特锐", 20),
        ("688001.SH", "*ST华兴", 20),
        ("920185.BJ", "ST贝特瑞", 30),
        ("510300.SH", "沪深300ETF", 10),
        ("000001.SH", "上证指数", None),
        ("113001.SH", "转债", None),
    ],
)
def test_special_treatment_halves_the_main_board_s_limit_alone(symbol: str, name: str, percent: int | None) -> None:
    assert daily_limit_percent(symbol, name) == percent


def test_the_table_s_symbols_follow_the_rules() -> None:
    for instrument in INSTRUMENTS:
        assert kind_of(instrument.symbol) is instrument.kind
        if instrument.kind is Kind.SHARE:
            assert symbol_of_code(instrument.code) == instrument.symbol
