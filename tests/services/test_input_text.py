from __future__ import annotations

import pytest

from server.errors import RequestError
from server.services.input_text import checked_line


@pytest.mark.parametrize("text", ["爱丽丝", "Zoë \u200d", "👩\u200d👩\u200d👧", "\u05d3\u05e0\u05d9\u200f", "x" * 10])
def test_what_can_be_read_in_a_line_is_a_line(text: str) -> None:
    assert checked_line("name", f" {text}\n", 10) == text.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \t\u3000", "0 characters"),
        ("x" * 11, "11 characters"),
        ("one\ntwo", r"U\+000A"),
        ("one\u2028two", r"U\+2028"),
        ("a\x7fb", r"U\+007F"),
        ("a\u202eb", r"U\+202E"),
        ("a\u2067b", r"U\+2067"),
        ("\u200b\u200d", "nothing that can be seen"),
        ("a\ud800", "surrogate"),
    ],
)
def test_what_is_no_line_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=rf"invalid_input: name .*{said}"):
        checked_line("name", text, 10)
