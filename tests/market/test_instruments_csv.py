from __future__ import annotations

import re

import pytest

from server.market.instruments import INSTRUMENTS, Kind
from server.market.instruments_csv import read_instruments


def test_the_rows_come_after_the_built_in_table() -> None:
    table = read_instruments(["symbol,name\n", "601988.SH, 中国银行\n", "600000,浦发银行\n", "sh000016,上证50\n"])
    added = list(table)[len(INSTRUMENTS) :]
    assert [one.symbol for one in added] == ["601988.SH", "600000.SH", "000016.SH"]
    assert [one.name for one in added] == ["中国银行", "浦发银行", "上证50"]
    assert [one.kind for one in added] == [Kind.SHARE, Kind.SHARE, Kind.INDEX]
    assert table.find("600000") is added[1]
    assert table.find("000016") is None
    assert INSTRUMENTS.find("600000") is None


def test_a_row_counts_before_the_built_in_one_and_keeps_its_place() -> None:
    table = read_instruments(["name,symbol,base_price,usual_volume", "贵州茅台酒,600519,1500.5,3000000"])
    assert len(table) == len(INSTRUMENTS)
    first = next(iter(table))
    assert (first.name, first.base_price, first.usual_volume) == ("贵州茅台酒", 1500.5, 3_000_000)
    assert table.find("600519") is first


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "line 1: no column for symbol, name"),
        (["symbol"], "line 1: no column for name"),
        (["symbol,name", "600000,浦发银行", "6000,x"], "line 3: got '6000'"),
        (["symbol,name", "600000"], "line 2: 600000.SH needs a name"),
        (["symbol,name", "600000," + 33 * "x"], "line 2: 600000.SH needs a name"),
        (["symbol,name", "600000,a", "sh600000,b"], "line 3: 600000.SH is there twice"),
        (["symbol,name,base_price", "600000,a,0"], "line 2: base_price and usual_volume"),
        (["symbol,name,base_price", "600000,a,nan"], "line 2: base_price and usual_volume"),
        (["symbol,name,usual_volume", "600000,a,many"], "line 2: invalid literal"),
    ],
)
def test_a_wrong_line_is_told_by_its_number(lines: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_instruments(lines)
