from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest

from server.domain.bars import Bar, Period
from server.market.bars_csv import MAX_LINE_BYTES, ImportedBar, LineError, read_bars
from tests.market.test_calendar import at

HEADER = "code,date,open,high,low,close,volume,amount"
GOOD = "600519,2026-01-05,10,10.5,9.5,10.2,1000,10200.5"
BAR = Bar(at("00:00"), 10.0, 10.5, 9.5, 10.2, 1000, 10200.5)


def read(text: str | bytes, period: Period = Period.DAY) -> list[ImportedBar | LineError]:
    return list(read_bars(BytesIO(text.encode() if isinstance(text, str) else text), period))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("day", ["2026-01-05", "20260105", "2026/01/05"])
@pytest.mark.parametrize("code", ["600519", "600519.SH", "sh600519"])
def test_a_line_is_a_bar(code: str, day: str, end: str) -> None:
    text = end.join([HEADER, GOOD.replace("2026-01-05", day).replace("600519", code), ""])
    assert read(text) == [ImportedBar("600519.SH", BAR)]


def test_columns_may_stand_in_any_order_and_the_amount_may_be_missing() -> None:
    text = "volume,close,low,high,open,note,TIME,symbol\n7,2,1,3,2,hello,2026-01-05 09:31,000001.SH"
    assert read(text, Period.MINUTE) == [ImportedBar("000001.SH", Bar(at("09:31"), 2.0, 3.0, 1.0, 2.0, 7, 0.0))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_text_is_utf8_or_gbk(encoding: str) -> None:
    text = f"代码,日期,名称,开盘,最高,最低,收盘,成交量,成交额\n{GOOD.replace('05,10,', '05,贵州茅台,10,')}\n"
    assert read(text.encode(encoding)) == [ImportedBar("600519.SH", BAR)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("600519,2026-01-05,9.2,9.1,9.3,9.2,1,1", "high 9.1 is below low 9.3"),
        ("600519,2026-01-05,9,10,9.5,10,1,1", "open 9 is not between low 9.5 and high 10"),
        ("600519,2026-01-05,10,10,9.5,11,1,1", "close 11 is not between low 9.5 and high 10"),
        ("600519,2026-01-05,0,10,0,10,1,1", "open is 0; a price is above 0"),
        ("600519,2026-01-05,x,10,9,10,1,1", "open 'x' is not a number"),
        ("600519,2026-01-05,nan,10,9,10,1,1", "open nan is not a number from 0 to 1e+15"),
        ("600519,2026-01-05,10,inf,9,10,1,1", "high inf is not a number from 0 to 1e+15"),
        ("600519,2026-01-05,10,10,9,10,-1,1", "volume -1 is not a number from 0 to 1e+15"),
        ("600519,2026-01-05,10,10,9,10,1.5,1", "volume 1.5 is not a whole number of shares"),
        ("600519,2026-01-05,10,10,9,10,1,-3", "amount -3 is not a number from 0 to 1e+15"),
        ("600519,2026-02-30,10,10,9,10,1,1", "got the time '2026-02-30'; allowed: a time such as 2026-01-05"),
        ("600519,2026-01-05 09:31,10,10,9,10,1,1", "got the time '2026-01-05 09:31'"),
        ("60051,2026-01-05,10,10,9,10,1,1", "got '60051'; a code has six digits"),
        ("600519.XX,2026-01-05,10,10,9,10,1,1", "got '600519.XX'; the market is SH, SZ or BJ"),
        ("600519,2026-01-05,10", "got 3 fields, the first line names 8 or more"),
        ('600519,2026-01-05,10,10,9,10,1,"1', "unexpected end of data"),
        ("x" * (MAX_LINE_BYTES * 3), f"longer than {MAX_LINE_BYTES} bytes"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_the_rest_goes_on(line: str, problem: str) -> None:
    first, second, third = read("\n".join([HEADER, GOOD, line, GOOD]))
    assert first == third == ImportedBar("600519.SH", BAR)
    assert str(second).startswith(f"line 3: {problem}")


def test_empty_lines_count_but_say_nothing() -> None:
    results = read(f"{HEADER}\n\n \n{GOOD}\n,,\nbad")
    assert [str(result)[:7] for result in results if isinstance(result, LineError)] == ["line 6:"]
    assert len(results) == 2


def test_a_line_in_another_encoding_than_those_before_is_bad() -> None:
    good = GOOD.replace(",10200.5", ",10200.5,茅台").encode()
    [first, second] = read(HEADER.encode() + b"\n" + good + b"\n" + good[:-6] + b"\xc3\xa9\xff\n")
    assert isinstance(first, ImportedBar)
    assert str(second) == "line 3: is not UTF-8 text, as the lines before it"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("code,date,open,high,low,volume", "no column for close"),
        (GOOD, "no column for symbol, time"),
        ("x" * 5000, "longer than"),
    ],
)
def test_without_a_header_nothing_can_be_read(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(text)


def test_a_file_is_read_as_far_as_it_is_asked_for() -> None:
    class Endless(BytesIO):
        """A file that never ends."""

        lines: Iterator[bytes] = iter([f"{HEADER}\n".encode(), *[f"{GOOD}\n".encode()] * 3])

        def readline(self, size: int | None = -1, /) -> bytes:
            return next(self.lines)

    bars = read_bars(Endless(), Period.DAY)
    assert [next(bars) for _ in range(3)] == [ImportedBar("600519.SH", BAR)] * 3
