"""Signals, stocks, bars and the market's state over REST."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop

from server.domain.signals import Signal
from server.market.sources.push import PushSource
from server.services.demo_bars import fill_bars
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import ProductServer

DAY = date(2026, 1, 4)


def signal(symbol: str, score: float) -> Signal:
    return Signal(
        code=symbol[:6],
        symbol=symbol,
        name=symbol,
        signal="buy",
        score=score,
        reason="中文",
        reason_key="signals.volume_wave",
        reason_values={"days": 20.0, "ratio": 2.0, "price": 11.0, "high": 10.5},
        price=11.0,
        day=DAY,
    )


def started(io_loop: IOLoop, database: Database, **options: Any) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        return ProductServer(database, FakeClock(), **options)

    server = io_loop.run_sync(start)
    assert server is not None
    yield server
    io_loop.run_sync(server.stop)


@pytest.fixture
def server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    yield from started(io_loop, database, prices_require_auth=False)


@pytest.fixture
def closed_server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    yield from started(io_loop, database, prices_require_auth=True)


@pytest.fixture
def posting_server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    source = PushSource(FakeClock())
    yield from started(io_loop, database, prices_require_auth=False, source=source)


async def get(server: ProductServer, path: str, **headers: str) -> Any:
    answer = await server.call("GET", f"/api/{path}", headers=headers)
    assert answer.status == 200, answer.json
    return answer.data


@pytest.mark.gen_test
async def test_signals_come_from_the_store(server: ProductServer) -> None:
    stored = [signal("600519.SH", 70.0), signal("000001.SZ", 90.0)]
    await server.community.stores.signals.store("volume_wave", DAY, stored)
    await server.market.signals.start()
    data = await get(server, "signals/buy?strategy=volume_wave", **{"Accept-Language": "en"})
    assert (data["strategy"], data["day"], data["count"]) == ("volume_wave", "2026-01-04", 2)
    assert data["signals"][0] == {
        "code": "000001",
        "symbol": "000001.SZ",
        "name": "000001.SZ",
        "signal": "buy",
        "score": 90.0,
        "reason": "Volume is 2.0 times its 20-day mean, and the close of 11.00 breaks the 20-day high of 10.50",
        "price": 11.0,
        "day": "2026-01-04",
    }
    assert [one["code"] for one in (await get(server, "signals/buy?limit=1"))["signals"]] == ["000001"]
    empty = await get(server, "signals/buy?strategy=ma_cross")
    assert empty == {"strategy": "ma_cross", "day": None, "count": 0, "signals": []}
    counts = {one["name"]: one["count"] for one in (await get(server, "strategies"))["strategies"]}
    assert counts == {"volume_wave": 2, "ma_cross": 0, "rsi_rebound": 0}


@pytest.mark.gen_test
async def test_signals_are_answered_in_the_caller_s_language_until_there_are_others(server: ProductServer) -> None:
    store = server.community.stores.signals
    await store.store("volume_wave", DAY, [signal("600519.SH", 70.0), signal("000001.SZ", 90.0)])
    await server.market.signals.start()
    answers = {
        (language, limit): (await get(server, f"signals/buy?limit={limit}", **{"Accept-Language": language}))["signals"]
        for limit in (1, 2, 9)
        for language in ("en", "zh-CN")
    }
    assert [len(rows) for rows in answers.values()] == [1, 1, 2, 2, 2, 2]
    assert answers["en", 2][0] == answers["en", 1][0] != answers["zh-CN", 1][0]
    await store.store("volume_wave", DAY, [signal("300750.SZ", 80.0)])
    await server.market.signals.start()
    for language in ("en", "zh-CN"):
        [row] = (await get(server, "signals/buy", **{"Accept-Language": language}))["signals"]
        assert row["code"] == "300750"


@pytest.mark.gen_test
async def test_signals_of_the_simulated_market(server: ProductServer) -> None:
    await fill_bars(server.community.stores.bars, server.market.prices.source.market, server.clock)  # type: ignore[attr-defined]
    await server.market.signals.start()
    found = {name: await get(server, f"signals/buy?strategy={name}") for name in server.market.signals.strategies}
    assert any(data["count"] for data in found.values())
    for data in found.values():
        assert {one["day"] for one in data["signals"]} <= {data["day"]}
        assert data["day"] <= "2026-01-04"


@pytest.mark.parametrize("query", ["strategy=nope", "limit=0", "limit=x"])
@pytest.mark.gen_test
async def test_odd_queries_are_refused(server: ProductServer, query: str) -> None:
    answer = await server.call("GET", f"/api/signals/buy?{query}")
    assert (answer.status, answer.data["error"]) == (400, "invalid_input")


@pytest.mark.gen_test
async def test_strategies_have_titles_in_the_caller_s_language(server: ProductServer) -> None:
    for language, title in (("zh-CN", "放量突破"), ("en", "Volume breakout")):
        [first, *_] = (await get(server, "strategies", **{"Accept-Language": language}))["strategies"]
        assert (first["name"], first["title"]) == ("volume_wave", title)
        assert first["description"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("6005", ["600519"]),
        ("贵州", ["600519"]),
        ("000001", ["000001", "000001"]),
        ("000001.sh", ["000001"]),
        ("万科a", ["000002"]),
        ("茅台", ["600519"]),
        ("0519", ["600519"]),
        ("x", []),
    ],
)
@pytest.mark.gen_test
async def test_stocks_are_found_by_a_part_of_code_or_name(server: ProductServer, query: str, codes: list[str]) -> None:
    answer = await server.call("GET", f"/api/stocks?query={quote(query)}")
    assert [one["code"] for one in answer.data["stocks"]] == codes


@pytest.mark.gen_test
async def test_a_stock_has_its_present_quote(server: ProductServer) -> None:
    stock = await get(server, "stocks/600519")
    assert stock == {
        "code": "600519",
        "symbol": "600519.SH",
        "name": "贵州茅台",
        "market": "SH",
        "kind": "share",
        "quote": None,
    }
    await server.market.prices.push()
    present = (await get(server, "stocks/600519"))["quote"]
    assert {"price", "previous_close", "limit_up", "suspended", "stale", "timestamp"} <= present.keys()
    assert (await get(server, "stocks/000001.SH"))["kind"] == "index"
    for path in ("stocks/999999", "stocks/999999/bars"):
        answer = await server.call("GET", f"/api/{path}")
        assert (answer.status, answer.data) == (404, {"error": "not_found"})


@pytest.mark.gen_test
async def test_bars_end_with_the_day_under_way(server: ProductServer) -> None:
    await fill_bars(server.community.stores.bars, server.market.prices.source.market, server.clock)  # type: ignore[attr-defined]
    await server.market.prices.push()
    data = await get(server, "stocks/600519/bars?limit=3")
    assert (data["code"], data["period"]) == ("600519", "1d")
    assert [one["time"] for one in data["bars"]] == [f"2026-01-0{day}T00:00:00.000+08:00" for day in (3, 4, 5)]
    assert set(data["bars"][0]) == {"time", "open", "high", "low", "close", "volume", "amount"}
    assert data["bars"][-1]["close"] == (await get(server, "stocks/600519"))["quote"]["price"]
    server.clock.advance(60)  # type: ignore[attr-defined]
    await server.market.prices.push()
    minutes = (await get(server, "stocks/600519/bars?period=1m"))["bars"]
    assert [one["time"][11:19] for one in minutes] == ["09:59:00", "10:00:00"]  # of the last trades
    assert len((await get(server, "stocks/600519/bars?limit=100000"))["bars"]) == 251
    assert (await server.call("GET", "/api/stocks/600519/bars?period=5m")).status == 400


@pytest.mark.gen_test
async def test_whole_quotes_of_a_market_and_of_symbols(server: ProductServer) -> None:
    assert await get(server, "market/quotes?market=ALL") == {"quotes": []}
    await server.market.prices.push()
    shenzhen = (await get(server, "market/quotes?market=SZ"))["quotes"]
    assert {one["symbol"][-2:] for one in shenzhen} == {"SZ"}
    everything = (await get(server, "market/quotes?market=ALL"))["quotes"]
    assert len(shenzhen) < len(everything) == 30
    named = (await get(server, "market/quotes?symbols=600519,000001.SH"))["quotes"]
    assert [one["symbol"] for one in named] == ["600519.SH", "000001.SH"]
    assert named[0] == (await get(server, "stocks/600519"))["quote"]


async def raw_quotes(server: ProductServer, query: str, accepted: str) -> tuple[HTTPHeaders, bytes]:
    """Return headers and body of an answer as they came."""
    path = f"http://127.0.0.1:{server.port}/api/market/quotes?{query}"
    request = HTTPRequest(path, headers={"Accept-Encoding": accepted}, decompress_response=False)
    answer = await AsyncHTTPClient().fetch(request)
    return answer.headers, answer.body


@pytest.mark.parametrize("query", ["market=ALL", "symbols=600519,000001.SH"])
@pytest.mark.gen_test
async def test_whole_quotes_come_as_gzip_to_who_takes_it(server: ProductServer, query: str) -> None:
    await server.market.prices.push()
    headers, plain = await raw_quotes(server, query, "identity")
    packed_headers, packed = await raw_quotes(server, query, "br, gzip")
    assert "Content-Encoding" not in headers
    assert packed_headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in headers["Vary"]
    assert "Accept-Encoding" in packed_headers["Vary"]
    assert packed_headers["Content-Type"] == headers["Content-Type"]
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain)


@pytest.mark.gen_test
async def test_a_packed_market_is_that_of_the_last_push_in_the_caller_s_language(server: ProductServer) -> None:
    await server.market.prices.push()
    before = await get(server, "market/quotes?market=ALL", **{"Accept-Language": "zh-CN"})
    assert await get(server, "market/quotes?market=ALL", **{"Accept-Language": "zh-CN"}) == before
    english = await server.call("GET", "/api/market/quotes?market=ALL", headers={"Accept-Language": "en"})
    assert (english.json["message"], english.data) == ("ok", before)
    server.clock.advance(60)  # type: ignore[attr-defined]
    await server.market.prices.push()
    after = await get(server, "market/quotes?market=ALL", **{"Accept-Language": "zh-CN"})
    assert after != before
    assert after == await plain_quotes(server)


async def plain_quotes(server: ProductServer) -> Any:
    _, body = await raw_quotes(server, "market=ALL", "identity")
    return msgspec.json.decode(body)["data"]


@pytest.mark.parametrize(
    "query",
    ["", "?market=XX", "?symbols=999999", "?market=ALL&symbols=600519", f"?symbols={','.join(['600519'] * 201)}"],
)
@pytest.mark.gen_test
async def test_whole_quotes_are_asked_for_by_a_market_or_by_known_symbols(server: ProductServer, query: str) -> None:
    answer = await server.call("GET", f"/api/market/quotes{query}")
    assert (answer.status, answer.data) == (400, {"error": "invalid_input"})


@pytest.mark.gen_test
async def test_the_market_s_state(server: ProductServer) -> None:
    before = await get(server, "market/status")
    assert before == {
        "phase": "morning",
        "is_open": True,
        "next_open": "2026-01-05T13:00:00.000+08:00",
        "next_phase": "lunch",
        "next_change": "2026-01-05T11:30:00.000+08:00",
        "any_hour": True,
        "source": "simulated",
        "answering": "simulated",
        "stale": False,
        "last_push": None,
        "missing_holidays": [],
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }
    await server.market.prices.push()
    assert (await get(server, "market/status"))["last_push"] == "2026-01-05T10:00:00.000+08:00"


@pytest.mark.parametrize(
    "path",
    [
        "signals/buy",
        "strategies",
        "stocks",
        "stocks/600519",
        "stocks/600519/bars",
        "market/quotes?market=ALL",
        "market/status",
    ],
)
@pytest.mark.gen_test
async def test_where_prices_are_for_members_all_this_is_too(closed_server: ProductServer, path: str) -> None:
    assert (await closed_server.call("GET", f"/api/{path}")).status == 401
    assert (await closed_server.call("GET", f"/api/{path}", token="forged")).status == 401
    alice = await closed_server.register("alice")
    assert (await closed_server.call("GET", f"/api/{path}", token=alice["access_token"])).status == 200
    assert (await closed_server.call("OPTIONS", f"/api/{path}")).status == 204


@pytest.mark.gen_test
async def test_the_source_push_knows_what_is_posted_alone(posting_server: ProductServer) -> None:
    server = posting_server
    chief = await server.operator()
    await server.market.prices.push()
    assert (await get(server, "market/status"))["stale"]
    quotes = [{"code": "600519", "price": 1850.5, "change": 25.3, "volume": 12345678}]
    answer = await server.call("POST", "/api/websocket/push/prices", quotes, chief["access_token"])
    assert answer.data == {"strategy": "volume_wave", "stocks": 1, "clients": 0, "delivered": 0}
    await server.market.prices.push()
    present = (await get(server, "stocks/600519"))["quote"]
    assert (present["price"], present["change"], present["change_percent"]) == (1850.5, 25.3, 1.39)
    assert not (await get(server, "market/status"))["stale"]
    assert (await get(server, "stocks/000001"))["quote"] is None


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "not a JSON array"),
        (b"{}", "not a JSON array"),
        (b'[{"code":"600519","price":1},{"code":"999999","price":1}]', "quote 1: got '999999'"),
        (b'[{"code":"600519","price":0}]', "quote 0: got the price 0"),
        (b"[" + b",".join([b'{"code":"600519","price":1}'] * 5001) + b"]", "got 5001 quotes, at most 5000"),
    ],
)
@pytest.mark.gen_test
async def test_bad_quotes_are_refused_and_none_is_taken(server: ProductServer, body: bytes, detail: str) -> None:
    chief = await server.operator()
    answer = await server.call("POST", "/api/websocket/push/prices", body, chief["access_token"])
    assert (answer.status, answer.data["error"]) == (400, "invalid_input")
    assert detail in answer.json["message"]
    assert (await get(server, "stocks/600519"))["quote"] is None
