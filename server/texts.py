"""Texts for people in three languages: one catalogue, and the choice of the language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

LOCALES = ("zh-CN", "zh-TW", "en")
DEFAULT_LOCALE = "zh-CN"
_MAX_HEADER_CHARACTERS = 1000
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


class Texts:
    """The texts of ``<directory>/<locale>/*.json``: flat objects of keys like ``errors.not_found``.

    Raises OSError or ValueError when a file is not such an object.
    """

    def __init__(self, directory: Path) -> None:
        self._texts: dict[str, dict[str, str]] = {locale: {} for locale in LOCALES}
        for locale, texts in self._texts.items():
            for path in sorted((directory / locale).glob("*.json")):
                texts.update(msgspec.json.decode(path.read_bytes(), type=dict[str, str]))

    def text(self, locale: str, key: str, **values: object) -> str:
        """Return a text with its placeholders filled; a key that is missing is an error of ours (KeyError)."""
        text = self._texts[locale][key]
        return text.format(**values) if values else text

    def catalogue(self, locale: str) -> Mapping[str, str]:
        """Return every text of a language by its key."""
        return self._texts[locale]


def negotiate(accept_language: str | None, default: str = DEFAULT_LOCALE) -> str:
    """Choose a locale by an Accept-Language header; what cannot be read is left out."""
    best, best_quality = default, 0.0
    for tag, quality in _preferences(accept_language or ""):
        locale = default if tag == "*" else _locale(tag)
        if locale is not None and quality > best_quality:
            best, best_quality = locale, quality
    return best


def _preferences(header: str) -> Iterator[tuple[str, float]]:
    for part in header[:_MAX_HEADER_CHARACTERS].split(","):
        tag, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        yield tag.strip().lower(), quality


def _locale(tag: str) -> str | None:
    language, *subtags = tag.split("-")
    if language == "en":
        return "en"
    if language == "zh":
        return "zh-TW" if _TRADITIONAL.intersection(subtags) and "hans" not in subtags else "zh-CN"
    return None
