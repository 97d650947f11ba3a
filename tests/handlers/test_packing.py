"""Answers as gzip: who gets them, and how often they are made."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from handlers.packing import PackedAnswers, takes_gzip


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("gzip; q=1.0", True),
        ("", False),
        ("identity", False),
        ("x-gzip", False),
        ("br, gzip;q=0", False),
        ("gzip; q=0.000", False),
        (",;=,gzip;;", True),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


@pytest.mark.gen_test
async def test_an_answer_is_packed_once_for_all_who_ask_in_one_state() -> None:
    answers, written = PackedAnswers(), []

    async def body() -> bytes:
        written.append(1)
        return b"%d" % len(written)

    first = await asyncio.gather(*(answers.packed("all", 1, body) for _ in range(3)))
    assert [gzip.decompress(one) for one in first] == [b"1"] * 3
    assert gzip.decompress(await answers.packed("all", 1, body)) == b"1"
    assert gzip.decompress(await answers.packed("all", 2, body)) == b"2"
    assert gzip.decompress(await answers.packed("another", 2, body)) == b"3"


@pytest.mark.gen_test
async def test_who_goes_away_does_not_take_the_answer_of_the_others_along() -> None:
    async def body() -> bytes:
        return b"body"

    async def another_body() -> bytes:
        return b"another body"

    answers = PackedAnswers()
    leaving = asyncio.ensure_future(answers.packed("all", 1, body))
    staying = asyncio.ensure_future(answers.packed("all", 1, another_body))
    await asyncio.sleep(0)
    leaving.cancel()
    assert gzip.decompress(await staying) == b"body"
    assert leaving.cancelled()
