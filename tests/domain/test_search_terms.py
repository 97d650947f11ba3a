from __future__ import annotations

import random

import pytest

from server.domain.search_terms import (
    MAX_CHARACTERS,
    MAX_QUERY_TERMS,
    MAX_TERM_CHARACTERS,
    Query,
    normalised,
    query_of,
    terms_of,
)


def is_found(query: Query, text: str) -> bool:
    """Do what the database and the service do together."""
    terms = terms_of(text)
    candidate = all(
        any(term.startswith(wanted.text) if wanted.is_beginning else term == wanted.text for term in terms)
        for wanted in query.terms
    )
    return candidate and query.matches(text)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("贵州茅台", ["贵州", "州茅", "茅台", "台"]),
        ("买600519吗", ["买", "600519", "吗"]),
        ("Buy NVDA, sell TSLA!", ["buy", "nvda", "sell", "tsla"]),
        ("600519.SH 涨停", ["600519", "sh", "涨停", "停"]),
        ("Ｎｖｄａ", ["nvda"]),  # full width
        ("GRÖSSE", ["grösse"]),
        ("client_msg_id", ["client", "msg", "id"]),
        ("好好好", ["好好", "好"]),
        ("👋 …!", []),
        ("", []),
        ("𠮷野家", ["𠮷野", "野家", "家"]),
        ("x" * 50, ["x" * MAX_TERM_CHARACTERS]),
    ],
)
def test_the_terms_of_a_text(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


def test_of_a_long_text_the_beginning_is_looked_at() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(10_000))
    assert len(terms_of(text)) == MAX_CHARACTERS
    assert is_found(query_of(text[MAX_CHARACTERS - 2 : MAX_CHARACTERS]), text)
    assert not query_of(text[MAX_CHARACTERS : MAX_CHARACTERS + 2]).matches(text)
    assert len(normalised("\ufdfa" * 10_000)) == MAX_CHARACTERS  # each of which becomes eighteen


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("茅台", "贵州茅台今天涨了"),
        ("贵州茅台", "贵州茅台"),
        ("茅", "贵州茅台"),
        ("台", "贵州茅台"),
        ("台", "茅台 600519"),
        ("6005", "看看600519吧"),
        ("600519.sh", "600519.SH"),
        ("600519.S", "600519.SH"),
        ("nv", "Buy NVDA"),
        ("NVDA 买", "买 nvda"),
        ("AI芯片", "国产AI芯片"),
        ("芯片 ai", "国产AI芯片"),
        ("ｎｖｄａ", "NVDA"),
        ("c++", "I like C++ a lot"),
        ("q3 财报", "看 Q3 的财报"),
        ("x" * 40, "y " + "x" * 45),
        ("50%", "跌了50%"),
    ],
)
def test_what_is_found(query: str, text: str) -> None:
    assert is_found(query_of(query), text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("茅台", "茅 台"),
        ("贵州茅台", "贵州 州茅 茅台"),  # every term is there, the word is not
        ("台茅", "茅台"),
        ("vda", "NVDA"),  # a word is found by its beginning
        ("nvdax", "NVDA"),
        ("0519", "600519"),
        ("茅台 五粮液", "茅台"),
        ("c++", "C is not D"),
        ("50%", "50"),
        ("x" * 40, "x" * 39),
        ("ab.cd", "xab.cd"),
    ],
)
def test_what_is_not_found(query: str, text: str) -> None:
    assert not is_found(query_of(query), text)


@pytest.mark.parametrize("query", ["", "   ", "!?", "👋", "。", "%"])
def test_nothing_to_look_up(query: str) -> None:
    assert query_of(query).terms == ()


def test_a_long_query_looks_up_few_terms_and_holds_all_of_it_against_the_text() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(90))
    assert len(query_of(text).terms) == MAX_QUERY_TERMS
    assert is_found(query_of(text), f"!{text}!")
    assert not is_found(query_of(text), f"!{text[:-1]}!")


def test_any_part_of_chinese_text_is_found_in_it() -> None:
    chance = random.Random(7)
    for _ in range(500):
        text = "".join(chance.choice("茅台涨停 a1,。") for _ in range(chance.randrange(1, 20)))
        start = chance.randrange(len(text))
        part = text[start : start + chance.randrange(1, 6)]
        if part.strip() and all(character >= "\u4e00" for character in part) and query_of(part).terms:
            assert is_found(query_of(part), text), (part, text)
        for other in ("台茅", "涨台", "1a"):
            if is_found(query_of(other), text):
                assert other in text
