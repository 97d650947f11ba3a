"""Tencent's and Sina's layouts, every odd shape of them, and what both endpoints' sources do alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from server.domain.quotes import Quote, shanghai_time
from server.market.sources.backoff import FIRST_SECONDS
from server.market.sources.base import SourceError
from server.market.sources.http import MAX_ANSWER_BYTES, STALE_AFTER, QuoteEndpoint
from server.market.sources.sina import SinaSource
from server.market.sources.tencent import TencentSource
from tests.market.sources.quote_server import QuoteServer, sina_line, tencent_line
from tests.market.test_calendar import at
from tests.support.clock import FakeClock

Line = Callable[..., str]
BOTH = pytest.mark.parametrize(
    ("kind", "line"), [(TencentSource, tencent_line), (SinaSource, sina_line)], ids=["tencent", "sina"]
)


def source_of(kind: type[Any], server: QuoteServer, *symbols: str, clock: FakeClock | None = None) -> QuoteEndpoint:
    made: QuoteEndpoint = kind(symbols or ("600519.SH",), clock or FakeClock(), Random(1), server.url)
    return made


async def only(kind: type[Any], server: QuoteServer, line: str, symbol: str = "600519.SH") -> Quote:
    server.answer = f"{line}\n".encode("gbk")
    source = source_of(kind, server, symbol)
    [quote] = await source.fetch()
    await source.close()
    return quote


async def refused(kind: type[Any], server: QuoteServer) -> str:
    source = source_of(kind, server)
    with pytest.raises(SourceError) as error:
        await source.fetch()
    await source.close()
    return str(error.value)


@BOTH
@pytest.mark.gen_test
async def test_a_normal_line_is_a_whole_quote(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    quote = await only(kind, quote_server, line())
    assert shanghai_time(quote.timestamp) == "2026-01-05T10:00:03.000+08:00"
    assert quote == Quote(
        symbol="600519.SH",
        name="贵州茅台",
        price=1850.5,
        previous_close=1825.2,
        open=1830.0,
        high=1860.0,
        low=1828.0,
        volume=12_345_600,
        amount=22_784_567_890.0,
        timestamp=at("10:00:03"),
        limit_up=2007.72,
        limit_down=1642.68,
    )


@BOTH
@pytest.mark.gen_test
async def test_an_index_has_no_limits_and_an_empty_book(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    empty_book = {"f9": "0", "f19": "0", "f47": "-1", "f48": "-1"} if kind is TencentSource else {"f6": "0", "f7": "0"}
    quote = await only(kind, quote_server, line("sh000001", **empty_book), "000001.SH")
    assert (quote.symbol, quote.name) == ("000001.SH", "上证指数")
    assert (quote.limit_up, quote.limit_down, quote.suspended) == (None, None, False)


@BOTH
@pytest.mark.gen_test
async def test_the_index_and_the_bank_of_one_code_are_two(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    quote_server.lines = {"sz000001": line("sz000001", f3="11.60"), "sh000001": line("sh000001", f3="3850.12")}
    source = source_of(kind, quote_server, "000001.SH", "000001.SZ")
    assert [(quote.symbol, quote.price) for quote in await source.fetch()] == [
        ("000001.SH", 3850.12),
        ("000001.SZ", 11.6),
    ]
    await source.close()


@BOTH
@pytest.mark.gen_test
async def test_a_fund_keeps_its_third_decimal(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    price, close = ("f3", "f4") if kind is TencentSource else ("f3", "f2")
    cut = {"count": "50", "f47": "4.318", "f48": "3.533"} if kind is TencentSource else {}
    quote = await only(kind, quote_server, line("sh510300", **{price: "3.9267", close: "3.925"}, **cut), "510300.SH")
    assert (quote.price, quote.previous_close, quote.limit_up, quote.limit_down) == (3.927, 3.925, 4.318, 3.533)


@BOTH
@pytest.mark.gen_test
async def test_a_share_of_beijing_may_move_30_percent(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    close = "f4" if kind is TencentSource else "f2"
    none = {"f47": "", "f48": ""} if kind is TencentSource else {}
    quote = await only(kind, quote_server, line("bj920185", **{"f3": "32.50", close: "30.00"}, **none), "920185.BJ")
    assert (quote.symbol, quote.limit_up, quote.limit_down) == ("920185.BJ", 39.0, 21.0)


def zeros(kind: type[Any], clock: str) -> dict[str, str]:
    """Return the fields of a share that has not traded today."""
    if kind is TencentSource:
        silent = dict.fromkeys(("f3", "f5", "f6", "f9", "f19", "f33", "f34", "f37"), "0.00")
        return silent | {"f35": "0.00/0/0", "f30": "20260105" + clock.replace(":", "")}
    return dict.fromkeys(("f1", "f3", "f4", "f5", "f6", "f7", "f8", "f9"), "0.000") | {"f31": clock}


@BOTH
@pytest.mark.parametrize(("clock", "suspended"), [("09:10:00", False), ("09:29:59", False), ("10:30:00", True)])
@pytest.mark.gen_test
async def test_zeros_are_the_last_close_and_after_the_open_a_suspension(
    kind: type[Any], line: Line, clock: str, suspended: bool, quote_server: QuoteServer
) -> None:
    quote = await only(kind, quote_server, line(**zeros(kind, clock)))
    assert [quote.price, quote.open, quote.high, quote.low] == [1825.2] * 4
    assert (quote.volume, quote.amount, quote.suspended) == (0, 0.0, suspended)


@BOTH
@pytest.mark.gen_test
async def test_a_share_that_waits_for_its_first_trade_is_not_suspended(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    bid = "f9" if kind is TencentSource else "f6"
    quote = await only(kind, quote_server, line(**(zeros(kind, "10:30:00") | {bid: "1820.00"})))
    assert (quote.price, quote.suspended) == (1825.2, False)


@BOTH
@pytest.mark.gen_test
async def test_at_the_upper_limit_nobody_asks(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    high, ask = ("f33", "f19") if kind is TencentSource else ("f4", "f7")
    quote = await only(kind, quote_server, line(**{"f3": "2007.72", high: "2007.72", ask: "0.00"}))
    assert (quote.price, quote.limit_up, quote.suspended) == (2007.72, 2007.72, False)


@BOTH
@pytest.mark.gen_test
async def test_a_name_is_cleaned_of_padding_and_wide_letters(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    name = "f1" if kind is TencentSource else "f0"
    assert (await only(kind, quote_server, line(**{name: "五 粮　液 "}))).name == "五粮液"
    assert (await only(kind, quote_server, line(**{name: "万  科Ａ"}))).name == "万科A"


@BOTH
@pytest.mark.gen_test
async def test_a_dash_is_no_value(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    high, low, amount = ("f33", "f34", "f35") if kind is TencentSource else ("f4", "f5", "f9")
    quote = await only(kind, quote_server, line(**{high: "-", low: "-", amount: "-"}))
    assert (quote.high, quote.low) == (1850.5, 1850.5)
    assert quote.amount == (22_784_570_000.0 if kind is TencentSource else 0.0)


@BOTH
@pytest.mark.parametrize("price", ["nan", "inf", "-5", "1e999", "abc", ""])
@pytest.mark.gen_test
async def test_what_is_no_price_counts_as_none(
    kind: type[Any], line: Line, price: str, quote_server: QuoteServer
) -> None:
    assert (await only(kind, quote_server, line(f3=price))).price == 1825.2


@BOTH
@pytest.mark.gen_test
async def test_bad_lines_are_left_out_and_shift_nothing(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    moment = {"f30": "2026010510"} if kind is TencentSource else {"f31": "noon"}
    price, close = ("f3", "f4") if kind is TencentSource else ("f3", "f2")
    empty = 'v_pv_none_match="1";' if kind is TencentSource else 'var hq_str_sz000002="";'
    quote_server.lines = {
        "sz000002": empty,
        "sz000333": line("sz000333", **moment),
        "sz000651": line("sz000651", **{price: "0", close: "0"}),
        "sz000858": line("sz000858")[:60] + '";',
        "sh600519": line(),
        "sh601318": line("sh601318")[:50],
    }
    symbols = ["000002.SZ", "000333.SZ", "000651.SZ", "000858.SZ", "600519.SH", "601318.SH"]
    source = source_of(kind, quote_server, *symbols)
    assert [quote.symbol for quote in await source.fetch()] == ["600519.SH"]
    await source.close()


@BOTH
@pytest.mark.gen_test
async def test_nobody_asked_for_another_code(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    quote_server.answer = f"{line('sz000001')}\n{line()}".encode("gbk")
    source = source_of(kind, quote_server)
    assert [quote.symbol for quote in await source.fetch()] == ["600519.SH"]
    await source.close()


@BOTH
@pytest.mark.gen_test
async def test_the_same_second_may_be_newer_but_time_never_runs_back(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    source = source_of(kind, quote_server)
    earlier = {"f30": "20260105100002"} if kind is TencentSource else {"f31": "10:00:02"}
    for answer, price in ((line(), 1850.5), (line(f3="1851"), 1851.0), (line(f3="1852", **earlier), 1851.0)):
        quote_server.answer = answer.encode("gbk")
        assert [quote.price for quote in await source.fetch()] == [price]
    quote_server.answer = f"{line(f3='1853')}\n{line(f3='1854')}".encode("gbk")
    assert [quote.price for quote in await source.fetch()] == [1854.0]
    await source.close()


@BOTH
@pytest.mark.gen_test
async def test_a_line_from_the_future_is_left_out(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    tomorrow = "20260106100003" if kind is TencentSource else "2026-01-06"
    quote_server.lines = {"sh600519": line(f30=tomorrow), "sz000001": line("sz000001")}
    source = source_of(kind, quote_server, "600519.SH", "000001.SZ")
    assert [quote.symbol for quote in await source.fetch()] == ["000001.SZ"]
    await source.close()


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"Kinsoku jikou desu!",
        "名字~1".encode("gbk"),
        b"\xff\x00\x81",
    ],
)
@pytest.mark.gen_test
async def test_an_answer_without_a_quote_is_an_error(
    kind: type[Any], line: Line, answer: bytes, quote_server: QuoteServer
) -> None:
    quote_server.answer = answer
    assert "without a single quote" in await refused(kind, quote_server)


@BOTH
@pytest.mark.parametrize("status", [301, 302, 403, 404, 500, 503])
@pytest.mark.gen_test
async def test_another_status_than_200_is_an_error_and_no_redirect_is_followed(
    kind: type[Any], line: Line, status: int, quote_server: QuoteServer
) -> None:
    quote_server.answer, quote_server.status = line().encode("gbk"), status
    quote_server.headers = {"Location": "/elsewhere"}
    assert str(status) in await refused(kind, quote_server)
    assert len(quote_server.requests) == 1


@BOTH
@pytest.mark.gen_test
async def test_an_answer_that_is_too_large_is_not_taken(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    quote_server.answer = line().encode("gbk") + b" " * MAX_ANSWER_BYTES
    assert "cannot be asked" in await refused(kind, quote_server)


@BOTH
@pytest.mark.gen_test
async def test_a_connection_that_ends_too_early_is_an_error(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    quote_server.answer, quote_server.hangs_up = line().encode("gbk"), True
    assert "cannot be asked" in await refused(kind, quote_server)


@BOTH
@pytest.mark.gen_test
async def test_an_answer_that_does_not_come_ends_the_request(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    source = kind(("600519.SH",), FakeClock(), Random(1), quote_server.url, timeout=1e-9)
    with pytest.raises(SourceError, match="cannot be asked"):
        await source.fetch()
    await source.close()


@pytest.mark.parametrize(("kind", "line", "size"), [(TencentSource, tencent_line, 60), (SinaSource, sina_line, 800)])
@pytest.mark.gen_test
async def test_codes_are_asked_for_in_batches(
    kind: type[Any], line: Line, size: int, quote_server: QuoteServer
) -> None:
    codes = [f"{600000 + index}" for index in range(size + 1)]
    quote_server.lines = {f"sh{code}": line(f"sh{code}") for code in codes}
    source = source_of(kind, quote_server, *(f"{code}.SH" for code in codes))
    assert [quote.code for quote in await source.fetch()] == codes
    assert [len(quote_server.codes(request)) for request in quote_server.requests] == [size, 1]
    await source.close()


@pytest.mark.gen_test
async def test_sina_is_told_where_the_request_comes_from(quote_server: QuoteServer) -> None:
    await only(SinaSource, quote_server, sina_line())
    [request] = quote_server.requests
    assert request.headers["Referer"] == "http://finance.sina.com.cn/"
    assert request.path == "/list=sh600519"


@pytest.mark.gen_test
async def test_tencent_needs_no_header(quote_server: QuoteServer) -> None:
    await only(TencentSource, quote_server, tencent_line())
    [request] = quote_server.requests
    assert (request.headers.get("Referer"), request.path) == (None, "/q=sh600519")


@BOTH
@pytest.mark.gen_test
async def test_after_a_failure_it_is_left_alone_until_the_next_try_is_due(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    clock = FakeClock()
    source = source_of(kind, quote_server, clock=clock)
    quote_server.answer, quote_server.status = line().encode("gbk"), 503
    for said in ("503", "next try is due", "next try is due"):
        with pytest.raises(SourceError, match=said):
            await source.fetch()
    assert len(quote_server.requests) == 1
    quote_server.status = 200
    clock.advance(FIRST_SECONDS)
    assert len(await source.fetch()) == len(await source.fetch()) == 1
    await source.close()


@BOTH
@pytest.mark.gen_test
async def test_it_is_stale_some_time_after_the_last_good_answer(
    kind: type[Any], line: Line, quote_server: QuoteServer
) -> None:
    clock = FakeClock()
    source = source_of(kind, quote_server, clock=clock)
    quote_server.answer = line().encode("gbk")
    seen = [source.stale]
    await source.fetch()
    for seconds in (0, STALE_AFTER, 1):
        clock.advance(seconds)
        seen.append(source.stale)
    assert seen == [True, False, False, True]
    await source.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"",
    ],
)
@BOTH
@pytest.mark.gen_test
async def test_an_answer_that_is_no_http_is_an_error(kind: type[Any], line: Line, answer: bytes) -> None:
    async def answer_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer_and_leave, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        source = kind(["600519.SH"], FakeClock(), Random(1), f"http://127.0.0.1:{port}")
        with pytest.raises(SourceError, match="cannot be asked"):
            await source.fetch()
        await source.close()


@BOTH
@pytest.mark.gen_test
async def test_nobody_there_is_an_error(kind: type[Any], line: Line, quote_server: QuoteServer) -> None:
    await quote_server.close()
    assert "cannot be asked" in await refused(kind, quote_server)
