"""JSON at its edges: what JavaScript writes and orjson does not take."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import PeerError
from server.protocol.json_codec import MAX_DEPTH, decode_json, encode_json

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters()),  # lone surrogates too
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(st.characters()), inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_by_the_standard_library(value: Any) -> None:
    assert json.loads(encode_json(value)) == value


@given(VALUES)
def test_what_the_standard_library_writes_is_read(value: Any) -> None:
    assert decode_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=100))
def test_no_bytes_raise_anything_but_peer_error(data: bytes) -> None:
    with contextlib.suppress(PeerError):
        decode_json(data)


@given(st.text('[]{}",:\\u0123deaftrsn.-+E ', max_size=60))
def test_nothing_like_json_raises_anything_but_peer_error(data: str) -> None:
    try:
        value = decode_json(data.encode())
    except PeerError:
        return
    json.loads(encode_json(value))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'"\ud800"', "\ud800"),
        (rb'["\udfff\ud800"]', ["\udfff\ud800"]),
        (rb'{"\ud800":1}', {"\ud800": 1}),
        (rb'"\ud83d\ude00"', "😀"),
        (b"18446744073709551615", 2**64 - 1),
        (b'"\xf0\x9f\x98\x80"', "😀"),
        (b" [1 ,2]\n", [1, 2]),
    ],
)
def test_what_is_read(data: bytes, value: object) -> None:
    assert decode_json(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"nonsense",
        b"[1,]",
        b"{'a':1}",
        b"NaN",
        b"[Infinity]",
        rb'["\ud800",NaN]',
        rb'["\ud800",-Infinity]',
        b"1e999",
        rb'["\ud800",-1e999]',
        b"[1]x",
        b'"\x00"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'["\\ud800","\xff"]',
        '["\\ud800"]'.encode("utf-16-le"),
        b"\xef\xbb\xbf[]",
        rb'["\ud800",' + b"9" * 5000 + b"]",
        b"{1:2}",
        b'"\\u12"',
    ],
)
def test_what_is_not_json(data: bytes) -> None:
    with pytest.raises(PeerError):
        decode_json(data)


@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth(pair: tuple[bytes, bytes]) -> None:
    opening, closing = pair

    def nested(depth: int, middle: bytes = b"1") -> bytes:
        return opening * depth + middle + closing * depth

    for middle in (b"1", rb'"\ud800"', b'"[[[{{{"', rb'"\"[[["'):
        value = decode_json(nested(MAX_DEPTH, middle))
        assert decode_json(encode_json(value)) == value
        with pytest.raises(PeerError):
            decode_json(nested(MAX_DEPTH + 1, middle))
    with pytest.raises(PeerError):
        decode_json(nested(10_000))


def test_brackets_side_by_side_or_in_texts_are_no_depth() -> None:
    assert decode_json(b"[" + b"[]," * 5000 + b"[]]") == [[]] * 5001
    text = "[{" * 5000 + '"\\'
    assert decode_json(json.dumps([text, {"a": text}]).encode()) == [text, {"a": text}]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, b"null"),
        ([math.inf, -math.inf], b"[null,null]"),
        (["\ud800", math.nan, math.inf], b'["\\ud800",null,null]'),
        (["\ud800", "NaN", "Infinity"], b'["\\ud800","NaN","Infinity"]'),
        ("\ud800", b'"\\ud800"'),
        ({"\ud800": 2**70}, b'{"\\ud800":1180591620717411303424}'),
        (2**64, b"18446744073709551616"),
        ({1: 2}, b'{"1":2}'),
        ("é", '"é"'.encode()),
    ],
)
def test_what_is_written(value: object, written: bytes) -> None:
    assert encode_json(value) == written


def test_a_second_pass_is_announced() -> None:
    asked: list[object] = []

    def default(value: object) -> str:
        asked.append(value)
        return "known"

    assert encode_json([b"x", "\ud800"], default, restart=asked.clear) == b'["known","\\ud800"]'
    assert asked == [b"x"]


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, b"x"])
def test_what_cannot_be_written(value: object) -> None:
    with pytest.raises(TypeError):
        encode_json(value)


def test_too_deep_to_be_written() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="deeper"):
        encode_json(value)
