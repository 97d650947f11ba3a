from __future__ import annotations

import pytest

from server.errors import ErrorCode, RequestError
from server.services.message_content import checked_content


@pytest.mark.parametrize("content", ["x", "a\nb\tc", "👨‍👩‍👧", "你好", "a\u200b", "\u0301", "\ue000", "x" * 10_000])
def test_what_may_be_sent(content: str) -> None:
    assert checked_content(content) == content


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("", "has 0 characters"),
        ("x" * 10_001, "has 10001 characters"),
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        ("a\rb", r"control character U\+000D"),
        ("\x1b[31mred", r"control character U\+001B"),
        ("a\x7f", r"control character U\+007F"),
        ("a\x85b", r"control character U\+0085"),
        ("   ", "nothing that can be seen"),
        ("\n\t \u3000\u00a0", "nothing that can be seen"),
        ("\u200b\ufeff \u2060", "nothing that can be seen"),
    ],
)
def test_what_may_not(content: str, detail: str) -> None:
    with pytest.raises(RequestError, match=detail) as refused:
        checked_content(content)
    assert refused.value.code is ErrorCode.INVALID_INPUT
