"""Text as search sees it: the terms a message is found by, and those a query asks for.

Chinese has no spaces, so of each run of CJK characters every two neighbours are a term, and the last character is one.
Other letters and digits are words. A term is looked up whole or by its beginning: a word that is not finished, or one
CJK character, finds every term that begins with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MAX_CHARACTERS = 2000
"""A longer text is found by its first so many characters: each term is a key in the index."""

MAX_TERM_CHARACTERS = 32
"""Of a longer word the beginning is a term."""

MAX_QUERY_TERMS = 6
"""So many are looked up; what is found must hold the whole query anyway."""

# Kana, Han with its extensions, Hangul; full-width and compatibility forms are normalised before.
_CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_LETTER = re.compile(rf"[^\W_{_CJK}]")
_RUNS = re.compile(rf"(?P<cjk>[{_CJK}]+)|{_LETTER.pattern}+")


class Wanted(NamedTuple):
    """A term that is asked for, or (``is_beginning``) how one begins."""

    text: str
    is_beginning: bool


class Query(NamedTuple):
    """Words that must all be there: found by ``terms``, then held against the text itself."""

    words: tuple[str, ...]
    terms: tuple[Wanted, ...]

    def matches(self, text: str) -> bool:
        """Tell whether the text holds every word; a word of letters or digits must begin one of the text's."""
        normal = normalised(text)
        return all(_pattern(word).search(normal) for word in self.words)


def normalised(text: str) -> str:
    """Return the part of a text that is looked at, the same for texts that differ in case or width alone."""
    return unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).casefold()[:MAX_CHARACTERS]


def terms_of(text: str) -> list[str]:
    """Return the terms that a text is found by, each once, in the order of the text."""
    found: dict[str, None] = {}
    for run in _RUNS.finditer(normalised(text)):
        if run["cjk"]:
            found |= dict.fromkeys(run[0][start : start + 2] for start in range(len(run[0])))
        else:
            found[run[0][:MAX_TERM_CHARACTERS]] = None
    return list(found)


def query_of(text: str) -> Query:
    """Return what a query asks for; without terms it asks for nothing that can be looked up."""
    words = tuple(dict.fromkeys(normalised(text).split()))
    wanted = dict.fromkeys(term for word in words for term in _wanted(word))
    # Longer ones first: they are the rarer.
    return Query(words, tuple(sorted(wanted, key=lambda term: -len(term.text))[:MAX_QUERY_TERMS]))


def _wanted(word: str) -> Iterator[Wanted]:
    for run in _RUNS.finditer(word):
        if not run["cjk"]:
            is_open = run.end() == len(word) and len(run[0]) < MAX_TERM_CHARACTERS
            yield Wanted(run[0][:MAX_TERM_CHARACTERS], is_open)
        elif len(run[0]) == 1:
            yield Wanted(run[0], True)
        else:
            yield from (Wanted(run[0][start : start + 2], False) for start in range(len(run[0]) - 1))


def _pattern(word: str) -> re.Pattern[str]:
    begins_one = _LETTER.match(word) is not None
    return re.compile((f"(?<!{_LETTER.pattern})" if begins_one else "") + re.escape(word))
