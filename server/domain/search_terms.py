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

MAX_TERMS = 2000
"""A longer text is found by its first so many terms."""

MAX_TERM_CHARACTERS = 32
"""Of a longer word the beginning is a term."""

MAX_QUERY_TERMS = 6
"""So many are looked up; what is found must hold the whole query anyway."""

# Kana, Han with its extensions, Hangul; full-width and compatibility forms are normalised before.
_CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_RUNS = re.compile(rf"(?P<cjk>[{_CJK}]+)|[^\W_{_CJK}]+")


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
        return all(_holds(normal, word) for word in self.words)


def normalised(text: str) -> str:
    """Return what is the same for texts that differ in case or in the width of characters alone."""
    return unicodedata.normalize("NFKC", text).casefold()


def terms_of(text: str) -> list[str]:
    """Return the terms that a text is found by, each once, in the order of the text."""
    found: dict[str, None] = {}
    for run in _RUNS.finditer(normalised(text)):
        if run["cjk"]:
            found |= dict.fromkeys(run[0][start : start + 2] for start in range(len(run[0])))
        else:
            found[run[0][:MAX_TERM_CHARACTERS]] = None
        if len(found) >= MAX_TERMS:
            break
    return list(found)[:MAX_TERMS]


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


def _holds(normal: str, word: str) -> bool:
    if not _is_word_character(word[0]):
        return word in normal
    start = normal.find(word)
    while start > 0 and _is_word_character(normal[start - 1]):
        start = normal.find(word, start + 1)
    return start >= 0


def _is_word_character(character: str) -> bool:
    run = _RUNS.match(character)
    return run is not None and not run["cjk"]
