from __future__ import annotations

import io
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.file_types import (
    DOCX,
    FILE_TYPES,
    GIF,
    JPEG,
    M4A,
    MP3,
    MP4,
    PDF,
    PNG,
    PPTX,
    TEXT,
    WEBP,
    XLSX,
    ZIP,
    FileType,
    TypeDetector,
    display_name,
)
from tests.support.uploads import picture


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in names:
            opened.writestr(name, "content of " + name)
    return written.getvalue()


def detect(pieces: list[bytes]) -> FileType | None:
    detector = TypeDetector()
    for piece in pieces:
        if not detector.feed(piece):
            return None
    return detector.finish()


FTYP = b"\0\0\0\x18ftyp"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SAMPLES: list[tuple[bytes, FileType | None]] = [
    (picture("PNG"), PNG),
    (picture("JPEG"), JPEG),
    (picture("GIF"), GIF),
    (picture("WEBP"), WEBP),
    (b"%PDF-1.7\n...", PDF),
    (archive("a.txt"), ZIP),
    (archive(), ZIP),
    (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), DOCX),
    (archive("[Content_Types].xml", "docProps/app.xml", "xl/workbook.xml"), XLSX),
    (archive("_rels/.rels", "ppt/presentation.xml"), PPTX),
    (archive("a.txt", "word/document.xml"), ZIP),
    (archive("[Content_Types].xml", "other"), ZIP),
    (b"ID3\x04" + b"\0" * 20, MP3),
    (b"\xff\xfb\x90\x00" + b"\0" * 20, MP3),
    (FTYP + b"M4A " + b"\0" * 20, M4A),
    (FTYP + b"isom" + b"\0" * 20, MP4),
    (b"plain text", TEXT),
    (b"x", TEXT),
    ("代码,名称\r\n600519,贵州茅台\r\n".encode(), TEXT),
    ("\ufeff代码,名称".encode(), TEXT),
    (b'{"a": 1}', TEXT),
    (b"a < b", TEXT),
    # What browsers or machines run, or nobody knows.
    (b"<!DOCTYPE html><script>alert(1)</script>", None),
    (b" \r\n\t" * 1000 + b"<html>", None),
    (b"\xef\xbb\xbf<html>", None),
    (b"\xef\xbb\xbf" + b" " * 100 + b"<html>", None),
    (SVG, None),
    (b'<?xml version="1.0"?>' + SVG, None),
    (b"<", None),
    (b"#!/bin/sh\nrm -rf /\n", None),
    (b"MZ\x90\x00" + b"\0" * 100, None),
    (b"\x7fELF\x02\x01\x01" + b"\0" * 100, None),
    (b"\xca\xfe\xba\xbe" + b"\0" * 100, None),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, None),
    (FTYP + b"heic" + b"\0" * 20, None),
    (b"text with \0 inside", None),
    (b"text with \x1b[31m inside", None),
    ("中文".encode("gbk") * 10, None),
    ("half of a character: 中".encode()[:-1], None),
    (b"GIF87", TEXT),
    (b"\x89PNG\r\n", None),
    (b"", None),
]


@pytest.mark.parametrize(("content", "expected"), SAMPLES, ids=range(len(SAMPLES)))
def test_the_content_alone_says_what_it_is(content: bytes, expected: FileType | None) -> None:
    assert detect([content]) == expected


@given(st.sampled_from([content for content, _ in SAMPLES if len(content) < 5000]), st.sets(st.integers(0, 5000)))
def test_however_it_is_cut_it_is_the_same(content: bytes, places: set[int]) -> None:
    edges = sorted({0, len(content)} | {place for place in places if place < len(content)})
    pieces = [content[begin:end] for begin, end in pairwise(edges)]
    assert detect(pieces) == detect([content])


@given(st.binary(max_size=300))
def test_anything_is_one_of_the_list_or_refused(content: bytes) -> None:
    assert detect([content]) in {None, *FILE_TYPES}


def test_a_picture_that_is_a_page_too_is_a_picture() -> None:
    assert detect([b"GIF89a/*" + b"\0" * 20 + b"*/=1;<script>alert(1)</script>"]) is GIF


@pytest.mark.parametrize(
    ("given_name", "file_type", "shown"),
    [
        ("report.pdf", PDF, "report.pdf"),
        ("report.PDF", PDF, "report.PDF"),
        ("photo.jpeg", JPEG, "photo.jpeg"),
        ("evil.html", PNG, "evil.html.png"),
        ("evil.svg", TEXT, "evil.svg.txt"),
        ("run.exe", ZIP, "run.exe.zip"),
        ("table.csv", TEXT, "table.csv"),
        ("noextension", PDF, "noextension.pdf"),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("C:\\Users\\me\\图.png", PNG, "图.png"),
        ("a\r\nSet-Cookie: x.png", PNG, "aSet-Cookie x.png"),
        ("\u202egnp.exe", PNG, "gnp.exe.png"),
        ('a"b<c>|d?*.png', PNG, "abcd.png"),
        (".png", PNG, "file.png"),
        ("...", PNG, "file.png"),
        ("", PNG, "file.png"),
        (None, JPEG, "file.jpg"),
        ("\ud800.png", PNG, "file.png"),
        ("长" * 300 + ".png", PNG, "长" * 196 + ".png"),
    ],
)
def test_names_to_show(given_name: str | None, file_type: FileType, shown: str) -> None:
    assert display_name(given_name, file_type) == shown


@given(st.text(max_size=300), st.sampled_from(FILE_TYPES))
def test_any_name_becomes_one_that_can_be_shown(given_name: str, file_type: FileType) -> None:
    shown = display_name(given_name, file_type)
    assert 0 < len(shown) <= 200
    assert shown.rpartition(".")[2].lower() in file_type.extensions
    assert not set(shown) & set('/\\"<>\r\n\0')
    shown.encode()
    assert display_name(shown, file_type) == shown
