from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from server.errors import ErrorCode
from server.texts import LOCALES, Texts, negotiate

DIRECTORY = Path(__file__).parents[1] / "static" / "texts"
FILES = {
    (locale, path.stem): msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    for locale in LOCALES
    for path in (DIRECTORY / locale).glob("*.json")
}
CATALOGUES = {locale: dict(Texts(DIRECTORY).catalogue(locale)) for locale in LOCALES}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_every_text(locale: str) -> None:
    keys = {key for catalogue in CATALOGUES.values() for key in catalogue}
    assert keys == CATALOGUES[locale].keys()
    assert [key for key, text in CATALOGUES[locale].items() if not text.strip()] == []


def test_each_file_holds_its_own_keys_in_order() -> None:
    assert len(FILES) > len(LOCALES)
    for (_, area), texts in FILES.items():
        assert list(texts) == sorted(texts)
        assert {key.partition(".")[0] for key in texts} == {area}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_a_text(locale: str, code: ErrorCode) -> None:
    assert Texts(DIRECTORY).text(locale, f"errors.{code.slug}")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_the_same_placeholders(locale: str) -> None:
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    differing = [
        key for key, text in CATALOGUES[locale].items() if placeholders(text) != placeholders(CATALOGUES["en"][key])
    ]
    assert differing == []


def test_placeholders_are_filled() -> None:
    assert Texts(DIRECTORY).text("en", "rest.with_detail", text="a", detail="{b}") == "a: {b}"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("EN-us", "en"),
        ("zh", "zh-CN"),
        ("zh-SG", "zh-CN"),
        ("zh-TW", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-Hans-HK", "zh-CN"),
        ("fr,de;q=0.9", "zh-CN"),
        ("fr, en;q=0.8, zh;q=0.9", "zh-CN"),
        ("en;q=0.8,zh-TW;q=0.9", "zh-TW"),
        ("en-GB,en;q=0.9,zh-TW;q=0.9", "en"),
        ("en;q=0,zh-TW;q=0.1", "zh-TW"),
        ("*", "zh-CN"),
        ("en;q=nan,zh-TW;q=x, ;;;,=", "zh-CN"),
        ("en;q=0.5," * 100_000, "en"),
        ("\x00é字", "zh-CN"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_language_is_chosen_by_preference(header: str | None, locale: str) -> None:
    assert negotiate(header) == locale


def test_the_default_may_be_another() -> None:
    assert negotiate("fr", "zh-TW") == negotiate("*", "zh-TW") == "zh-TW"
