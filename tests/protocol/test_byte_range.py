from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol.byte_range import byte_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=0-1000", (0, 100)),
        ("bytes=10-", (10, 100)),
        ("BYTES=10-19", (10, 20)),
        ("bytes=-1", (99, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-0", (100, 100)),
        ("bytes=100-", (100, 100)),
        ("bytes=100-200", (100, 100)),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=0-" + "9" * 100, None),
        ("bytes=٣-٤", None),
    ],
)
def test_ranges_of_a_hundred_bytes(header: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == expected


@given(st.text("bytes=0123456789-, ", max_size=30), st.integers(1, 1000))
def test_no_header_asks_for_what_is_not_there(header: str, size: int) -> None:
    asked = byte_range(header, size)
    assert asked is None or 0 <= asked.begin <= asked.end <= size
