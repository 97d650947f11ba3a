"""Logging: one line per record, as text or JSON, and no secret in any of them."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Literal, TextIO

from server.log_context import CONNECTION

MASK = "***"
LogFormat = Literal["text", "json"]

_SECRETS = (
    # ?token=..., &access_token=..., &sid=... (the Engine.IO session id is a secret), also inside a form body
    re.compile(r"(?i)(?P<keep>\b(?:(?:access_|refresh_)?token|sid)=)[^&\s\"'#;,]+"),
    re.compile(r"(?i)(?P<keep>\b\w*password=)[^&\s\"'#;,]+"),
    re.compile(r"(?i)(?P<keep>\bstock_insight_session=)[^&\s\"'#;,]+"),
    re.compile(r"(?i)(?P<keep>\bbearer\s+)[^\s\"',;]+"),
    # "password": "...", also as a Python dict prints it, and with the escaped quotes of JSON inside a string;
    # a text that was cut has no closing quote
    re.compile(
        r"(?i)(?P<keep>\\?[\"'](?:\w*token|\w*password|jwt_secret|authorization|cookie|sid|key)\\?[\"']\s*[:=]\s*b?)"
        r"(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|\\\"(?:[^\"\\]|\\[^\"])*(?:\\\")?)"
    ),
    # whatever looks like a JWT, or a service key with its id, wherever it stands
    re.compile(r"(?P<keep>)\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"),
    re.compile(r"(?P<keep>\bsk_(?:[0-9a-f]{24}_)?)[\w-]+"),
    # scheme://user:password@host
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://)[^/?#\s\"']*(?=@)"),
)


def scrub(text: str) -> str:
    """Return ``text`` with every token, password, key and URI credential masked."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text


def connection_of(record: logging.LogRecord) -> str:
    """Return the name of the connection that a record is about, if it is about one."""
    return getattr(record, "connection", "") or CONNECTION.get()


class ScrubbingFormatter(logging.Formatter):
    """Masks secrets in the finished line: message, arguments, traceback and stack alike."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class names it
        name = connection_of(record)
        return super().formatMessage(record) + (f" [{name}]" if name else "")

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line; what is masked is masked in each text, so that the line stays JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        if name := connection_of(record):
            line["connection"] = name
        if record.exc_info:
            line["exception"] = scrub(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = scrub(self.formatStack(record.stack_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str, stream: TextIO | None = None, log_format: LogFormat = "text") -> None:
    """Write records of ``level`` and above to ``stream`` (stderr), in place of any earlier set-up."""
    handler = logging.StreamHandler(stream)
    text = ScrubbingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if log_format == "json" else text)
    root = logging.getLogger()
    for earlier in root.handlers[:]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # These two speak of every frame and every command, with their contents.
    for chatty in ("pymongo", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.INFO, root.level))
