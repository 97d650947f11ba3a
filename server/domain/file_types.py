"""What a file is, by its content alone: a short list of types that no browser runs, and nothing else."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MAX_NAME_CHARACTERS = 200
UNNAMED = "file"

_HEAD_BYTES = 64
_TEXT_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_UNSEEN = re.compile(
    '[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff0-\uffff\ud800-\udfff<>:"|?*]'
)


class FileType(NamedTuple):
    """A type that is accepted; a file's name keeps its extension when it is one of these, else gets the first."""

    mime: str
    kind: str
    extensions: tuple[str, ...]


PNG = FileType("image/png", "image", ("png",))
JPEG = FileType("image/jpeg", "image", ("jpg", "jpeg"))
GIF = FileType("image/gif", "image", ("gif",))
WEBP = FileType("image/webp", "image", ("webp",))
PDF = FileType("application/pdf", "file", ("pdf",))
ZIP = FileType("application/zip", "file", ("zip",))
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = FileType(f"{_OFFICE}wordprocessingml.document", "file", ("docx",))
XLSX = FileType(f"{_OFFICE}spreadsheetml.sheet", "file", ("xlsx",))
PPTX = FileType(f"{_OFFICE}presentationml.presentation", "file", ("pptx",))
MP3 = FileType("audio/mpeg", "file", ("mp3",))
M4A = FileType("audio/mp4", "file", ("m4a",))
MP4 = FileType("video/mp4", "file", ("mp4", "m4v"))
TEXT = FileType("text/plain; charset=utf-8", "file", ("txt", "csv", "tsv", "md", "log", "json"))

FILE_TYPES = (PNG, JPEG, GIF, WEBP, PDF, ZIP, DOCX, XLSX, PPTX, MP3, M4A, MP4, TEXT)
ALLOWED = "PNG, JPEG, GIF and WebP pictures, PDF, ZIP, DOCX, XLSX, PPTX, MP3, MP4, M4A and UTF-8 text"

_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"GIF8[79]a"), GIF),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), WEBP),
    (re.compile(rb"%PDF-"), PDF),
    (re.compile(rb"PK\x03\x04|PK\x05\x06"), ZIP),
    (re.compile(rb"ID3|\xff[\xfb\xfa\xf3\xf2]"), MP3),
    (re.compile(rb"....ftypM4A ", re.DOTALL), M4A),
    (re.compile(rb"....ftyp(?:isom|iso[2-9]|mp4[12]|avc1|M4V |dash)", re.DOTALL), MP4),
)
_OFFICE_PARTS = {b"word/document.xml": DOCX, b"xl/workbook.xml": XLSX, b"ppt/presentation.xml": PPTX}
_OFFICE_FIRST = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/")
_LONGEST_PART = max(map(len, _OFFICE_PARTS))
_MARKUP_OR_SCRIPT = re.compile(rb"<|#!")


class TypeDetector:
    """Looks at a file's bytes as they come; the type is certain when all have come."""

    def __init__(self) -> None:
        self._head = b""
        self._type: FileType | None = None
        self._is_refused = False
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._text_begins = b""
        self._tail = b""

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False when the file cannot become one of the allowed types any more."""
        if self._type is None and not self._is_refused:
            data = self._head + data
            self._head = data[:_HEAD_BYTES]
            if len(data) < _HEAD_BYTES:
                return True
            self._type = _by_magic(self._head)
        self._look_at(data)
        return not self._is_refused

    def finish(self) -> FileType | None:
        """Return the type of the whole file; None: it is none of those that are allowed."""
        if self._type is None and not self._is_refused and self._head:
            self._type = _by_magic(self._head)
            self._look_at(self._head)
        if self._type is TEXT and not self._is_refused:
            self._check_text(b"", final=True)
        return None if self._is_refused else self._type

    def _look_at(self, data: bytes) -> None:
        if self._type is TEXT:
            self._check_text(data)
        elif self._type is ZIP:
            self._look_for_office(data)

    def _check_text(self, data: bytes, *, final: bool = False) -> None:
        if len(self._text_begins) < _HEAD_BYTES:
            # Leading blanks are not counted, or they could hide what follows.
            self._text_begins = (self._text_begins + data).removeprefix(codecs.BOM_UTF8).lstrip()[:_HEAD_BYTES]
        try:
            self._text.decode(data, final)
        except UnicodeDecodeError:
            self._is_refused = True
        if _TEXT_CONTROLS.search(data) or _MARKUP_OR_SCRIPT.match(self._text_begins):
            self._is_refused = True

    def _look_for_office(self, data: bytes) -> None:
        """A ZIP that begins like an Office document and has its main part is one."""
        if self._head[30:].startswith(_OFFICE_FIRST):
            window = self._tail + data
            self._tail = window[1 - _LONGEST_PART :]
            self._type = next((found for part, found in _OFFICE_PARTS.items() if part in window), self._type)


def _by_magic(head: bytes) -> FileType:
    return next((found for magic, found in _MAGIC if magic.match(head)), TEXT)


def display_name(given: str | None, file_type: FileType) -> str:
    """Return a name to show: no path, nothing unseen or special, with an extension of the type."""
    name = re.split(r"[/\\]", given or "")[-1]
    name = _UNSEEN.sub("", name).strip().rstrip(" .")
    stem, dot, extension = name.rpartition(".")
    if not dot or extension.lower() not in file_type.extensions:
        stem, extension = name, file_type.extensions[0]
    stem = stem[: MAX_NAME_CHARACTERS - len(extension) - 1].strip(" .")
    return f"{stem or UNNAMED}.{extension}"
