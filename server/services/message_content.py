"""What people write in a message: what is refused."""

from __future__ import annotations

import re

from server.domain.messages import MAX_CONTENT_CHARACTERS
from server.errors import ErrorCode, RequestError
from server.services.input_text import check_visible, checked_text

# Unicode's control characters but for newline and tab.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def checked_content(content: str) -> str:
    """Return the content; RequestError (invalid_input) when nobody could read it, or it cannot be stored."""
    checked_text("content", content, 1, MAX_CONTENT_CHARACTERS)
    control = _CONTROL.search(content)
    if control is not None:
        raise RequestError(
            ErrorCode.INVALID_INPUT,
            f"content holds the control character U+{ord(control[0]):04X}; of those, newline and tab are allowed",
        )
    check_visible("content", content)
    return content
