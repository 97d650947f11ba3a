from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from server.domain.quotes import Quote
from server.market.instruments import INSTRUMENTS
from server.market.posted_quotes import MAX_QUOTES, read_posted_quotes
from server.market.quotes import quote_json
from tests.market.test_calendar import at

NOW = at("10:00")


def read(*objects: Any) -> list[Quote]:
    return list(read_posted_quotes(json.dumps(objects).encode(), NOW, INSTRUMENTS.find))


def test_an_object_of_the_contract_is_read_back() -> None:
    posted = {
        "code": "600519",
        "symbol": "600519.SH",
        "name": "贵州茅台",
        "price": 1850.5,
        "change": 25.3,
        "change_percent": 1.39,
        "volume": 12345678,
        "timestamp": "2026-01-05T09:59:58.000+08:00",
    }
    [quote] = read(posted)
    assert quote_json(quote) == posted
    assert (quote.previous_close, quote.limit_up, quote.limit_down) == (1825.2, 2007.72, 1642.68)


def test_code_and_price_are_enough() -> None:
    [quote] = read({"code": "000001", "price": 11.606})
    assert (quote.symbol, quote.name, quote.price, quote.previous_close) == ("000001.SZ", "平安银行", 11.61, 11.61)
    assert (quote.open, quote.high, quote.low, quote.volume) == (11.61, 11.61, 11.61, 0)
    assert quote.timestamp == NOW


def test_a_symbol_names_an_index() -> None:
    [quote] = read({"symbol": "000001.SH", "price": 3850.5, "previous_close": 3800})
    assert (quote.symbol, quote.previous_close, quote.limit_up) == ("000001.SH", 3800.0, None)


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"code": "600519"}, "price"),
        ({"code": "600519", "price": "1"}, "price"),
        ({"code": "600519", "price": 0}, "quote 0: got the price 0"),
        ({"code": "600519", "price": -1}, "quote 0: got the price -1"),
        ({"code": "600519", "price": 1e300}, "quote 0: got the price"),
        ({"code": "600519", "price": 1, "change": 2}, "the previous close would be -1"),
        ({"code": "600519", "price": 1, "previous_close": 0}, "the previous close would be 0"),
        ({"code": "999999", "price": 1}, "'999999'; code or symbol must be that of a known instrument"),
        ({"price": 1}, "code or symbol"),
        ({"code": "600519", "price": 1, "volume": -1}, "volume and amount"),
        ({"code": "600519", "price": 1, "volume": 2**60}, "volume and amount"),
        ({"code": "600519", "price": 1, "amount": -1}, "volume and amount"),
        ({"code": "600519", "price": 1, "high": -1}, "open, high and low"),
        ({"code": "600519", "price": 1, "timestamp": "2026-01-05T10:00:00"}, "must say its offset"),
        ({"code": "600519", "price": 1, "timestamp": "2026-01-05T10:06:00+08:00"}, "ahead of this server's clock"),
        ([], "not a JSON array of quotes"),
    ],
)
def test_what_is_wrong_is_said(posted: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(posted)


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"\xff", b"[" * 100_000, b"1"])
def test_what_is_no_array_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON array of quotes"):
        list(read_posted_quotes(data, NOW, INSTRUMENTS.find))


def test_the_number_of_quotes_is_bounded() -> None:
    with pytest.raises(ValueError, match=f"at most {MAX_QUOTES}"):
        read(*[{"price": 1}] * (MAX_QUOTES + 1))


def test_a_bad_one_is_named_by_its_place() -> None:
    good = {"code": "600519", "price": 1}
    with pytest.raises(ValueError, match="quote 2: "):
        read(good, good, {"code": "600519", "price": 0})


def test_a_clock_slightly_ahead_is_forgiven() -> None:
    ahead = (NOW + timedelta(minutes=4)).isoformat()
    assert len(read({"code": "600519", "price": 1, "timestamp": ahead})) == 1
