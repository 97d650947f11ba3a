"""Logging: one text line per record, and no secret in any of them."""

from __future__ import annotations

import logging
import re
from typing import TextIO

MASK = "***"

_SECRETS = (
    # ?token=..., &access_token=..., &sid=... (the Engine.IO session id is a secret), also inside a form body
    re.compile(r"(?i)(?P<keep>\b(?:(?:access_|refresh_)?token|sid)=)[^&\s\"'#;,]+"),
    re.compile(r"(?i)(?P<keep>\bpassword=)[^&\s\"'#;,]+"),
    re.compile(r"(?i)(?P<keep>\bbearer\s+)[^\s\"',;]+"),
    # "password": "...", also as a Python dict prints it, and with the escaped quotes of JSON inside a string;
    # a text that was cut has no closing quote
    re.compile(
        r"(?i)(?P<keep>\\?[\"'](?:\w*token|\w*password|jwt_secret|authorization|cookie)\\?[\"']\s*[:=]\s*b?)"
        r"(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|\\\"(?:[^\"\\]|\\[^\"])*(?:\\\")?)"
    ),
    # whatever looks like a JWT, wherever it stands
    re.compile(r"(?P<keep>)\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"),
    # scheme://user:password@host
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://)[^/?#\s\"']*(?=@)"),
)


def scrub(text: str) -> str:
    """Return ``text`` with every token, password and URI credential masked."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text


class ScrubbingFormatter(logging.Formatter):
    """Masks secrets in the finished line: message, arguments, traceback and stack alike."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def set_up_logging(level: str, stream: TextIO | None = None) -> None:
    """Write records of ``level`` and above to ``stream`` (stderr), in place of any earlier set-up."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ScrubbingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for earlier in root.handlers[:]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # These two speak of every frame and every command, with their contents.
    for chatty in ("pymongo", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.INFO, root.level))
