from __future__ import annotations

import pytest

from server.market.instruments import INSTRUMENTS, Kind, Market


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
