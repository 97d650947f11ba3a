"""A body of multipart/form-data with one file in it (RFC 7578), read as it comes: cut anywhere, it reads the same."""

from __future__ import annotations

import re
from enum import Enum, auto

from server.errors import PeerError

MAX_BOUNDARY_BYTES = 70
MAX_PREAMBLE_BYTES = 1024
MAX_HEAD_BYTES = 8192
MAX_PADDING_BYTES = 256

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_PARAMETER = re.compile(r';[ \t]*([\w!#$&+.^`|~*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))[ \t]*', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_PERCENT = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class MultipartError(PeerError):
    """The body is not what is allowed; the text says what was got and what is."""


class _State(Enum):
    PREAMBLE = auto()
    BOUNDARY_END = auto()
    HEAD = auto()
    CONTENT = auto()
    EPILOGUE = auto()


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a Content-Type names; MultipartError when it is no multipart/form-data with one."""
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != "multipart/form-data":
        raise MultipartError("the Content-Type must be multipart/form-data")
    boundary = _parameters(";" + rest).get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise MultipartError(f"the boundary must have 1 to {MAX_BOUNDARY_BYTES} of the characters that RFC 2046 allows")
    return boundary.encode()


class FilePartReader:
    """Gives the content of the one part named ``part_name``, as it comes; any other part is an error."""

    def __init__(self, boundary: bytes, part_name: str) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._part_name = part_name
        self._state = _State.PREAMBLE
        self._buffer = bytearray(b"\r\n")  # so that a boundary at the very beginning is found like any other
        self._has_part = False
        self.filename: str | None = None
        """What the client calls the file, once its head has come; None: it gave no name."""

    @property
    def is_complete(self) -> bool:
        """Whether the part and the body's end have come."""
        return self._state is _State.EPILOGUE

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the body and return what is certain to be content of the file.

        Raises MultipartError; the reader is not used any more after it.
        """
        if self._state is _State.EPILOGUE:
            return b""  # what follows the end means nothing
        self._buffer += data
        content = bytearray()
        while self._step(content):
            pass
        return bytes(content)

    def _step(self, content: bytearray) -> bool:
        """Read one piece of the buffer, if it is whole; tell whether to go on."""
        if self._state is _State.PREAMBLE:
            return self._read_preamble()
        if self._state is _State.BOUNDARY_END:
            return self._read_boundary_end()
        if self._state is _State.HEAD:
            return self._read_head()
        if self._state is _State.CONTENT:
            return self._read_content(content)
        self._buffer.clear()
        return False

    def _read_preamble(self) -> bool:
        at = self._buffer.find(self._delimiter, 0, MAX_PREAMBLE_BYTES + len(self._delimiter))
        if at < 0:
            if len(self._buffer) >= MAX_PREAMBLE_BYTES + len(self._delimiter):
                raise MultipartError("the body does not begin with the boundary of the Content-Type")
            return False
        self._take(at + len(self._delimiter), _State.BOUNDARY_END)
        return True

    def _read_boundary_end(self) -> bool:
        """Read what stands behind a boundary: ``--`` ends the body, spaces and a line's end begin a part."""
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            if not self._has_part:
                raise MultipartError(f"there must be one part, named {self._part_name!r}")
            self._take(2, _State.EPILOGUE)
            return True
        end = self._buffer.find(b"\r\n", 0, MAX_PADDING_BYTES)
        line = self._buffer if end < 0 else self._buffer[:end]
        if line.strip(b" \t\r") or (end < 0 and len(line) >= MAX_PADDING_BYTES):
            raise MultipartError("there is something behind the boundary on its line")
        if end < 0:
            return False
        if self._has_part:
            raise MultipartError(f"there must be one part only, named {self._part_name!r}")
        # The line's end stays: it begins the empty line that ends a head without fields.
        self._take(end, _State.HEAD)
        return True

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES + 4)
        if end < 0:
            if len(self._buffer) >= MAX_HEAD_BYTES + 4:
                raise MultipartError(f"the head of the part is larger than {MAX_HEAD_BYTES} bytes")
            return False
        self._read_fields(bytes(self._buffer[:end]).decode("utf-8", "replace"))
        self._take(end + 4, _State.CONTENT)
        self._has_part = True
        return True

    def _read_fields(self, head: str) -> None:
        fields = {}
        for line in head.split("\r\n"):
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        disposition = fields.get("content-disposition", "")
        parameters = _parameters(disposition.removeprefix("form-data").lstrip())
        name = parameters.get("name", "")
        if not disposition.startswith("form-data") or name != self._part_name:
            raise MultipartError(f"got a part named {name[:40]!r}, allowed is one part named {self._part_name!r}")
        if fields.get("content-transfer-encoding", "binary").lower() not in {"binary", "8bit", "7bit"}:
            raise MultipartError("a Content-Transfer-Encoding must be binary")
        self.filename = parameters.get("filename")

    def _read_content(self, content: bytearray) -> bool:
        at = self._buffer.find(self._delimiter)
        # What may be the beginning of a boundary has to wait.
        certain = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        content += self._buffer[:certain]
        if at < 0:
            del self._buffer[:certain]
            return False
        self._take(at + len(self._delimiter), _State.BOUNDARY_END)
        return True

    def _take(self, count: int, state: _State) -> None:
        del self._buffer[:count]
        self._state = state


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters ``; name=value`` of a header, of several with one name the first."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(text):
        found.setdefault(name.lower(), _unquoted(quoted) if quoted else plain)
    return found


def _unquoted(text: str) -> str:
    """Undo both ways in use to write a quote into a name: backslashes (curl) and percent signs (browsers)."""
    text = _ESCAPED.sub(r"\1", text)
    for escaped, character in _PERCENT.items():
        text = text.replace(escaped, character)
    return text
