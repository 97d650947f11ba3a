"""Text that people send: what no text may hold."""

from __future__ import annotations

from server.errors import ErrorCode, RequestError


def checked_text(name: str, text: str, min_characters: int, max_characters: int) -> str:
    """Return the text; RequestError (invalid_input) when it is too short, too long, or cannot be stored."""
    if not min_characters <= len(text) <= max_characters:
        raise RequestError(
            ErrorCode.INVALID_INPUT,
            f"{name} has {len(text)} characters, allowed are {min_characters} to {max_characters}",
        )
    if "\0" in text:
        raise RequestError(ErrorCode.INVALID_INPUT, f"{name} holds a NUL character, which is not allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestError(
            ErrorCode.INVALID_INPUT, f"{name} holds half of a surrogate pair; allowed is well-formed Unicode"
        ) from None
    return text
