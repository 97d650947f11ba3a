"""Text that people send: what no text may hold."""

from __future__ import annotations

import re
import unicodedata

from server.errors import ErrorCode, RequestError

# Controls, ends of lines, and what turns around the direction of the text that follows.
_UNFIT_FOR_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


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


def checked_line(name: str, text: str, max_characters: int) -> str:
    """Return the text without blanks around it; RequestError (invalid_input) unless others can see it in one line."""
    line = checked_text(name, text.strip(), 1, max_characters)
    unfit = _UNFIT_FOR_LINE.search(line)
    if unfit is not None:
        raise RequestError(
            ErrorCode.INVALID_INPUT, f"{name} holds U+{ord(unfit[0]):04X}; allowed is one line in one direction"
        )
    check_visible(name, line)
    return line


def check_visible(name: str, text: str) -> None:
    """Raise RequestError (invalid_input) when nothing of a text can be seen."""
    if all(character.isspace() or unicodedata.category(character) == "Cf" for character in set(text)):
        raise RequestError(ErrorCode.INVALID_INPUT, f"{name} holds nothing that can be seen")
