"""The errors of the product: the peer's fault, the request's fault; all others are ours and are hidden."""

from __future__ import annotations

from enum import Enum
from typing import Any


class PeerError(Exception):
    """The peer broke a protocol; the text says what was got and what is allowed."""


class StartError(Exception):
    """The server cannot start; the text is one sentence for the operator, who sees no traceback (exit code 2)."""


class ErrorCode(Enum):
    """The closed list of public error codes: ``(slug, HTTP status)``.

    REST answers, acks and CONNECT_ERROR all use it; ``docs/errors.md`` lists it.
    """

    INVALID_INPUT = ("invalid_input", 400)
    INVALID_USERNAME = ("invalid_username", 400)
    WEAK_PASSWORD = ("weak_password", 400)
    INVALID_CREDENTIALS = ("invalid_credentials", 401)
    UNAUTHORIZED = ("unauthorized", 401)
    FORBIDDEN = ("forbidden", 403)
    BANNED = ("banned", 403)
    NOT_FRIENDS = ("not_friends", 403)
    NOT_FOUND = ("not_found", 404)
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405)
    CONFLICT = ("conflict", 409)
    LIMIT_REACHED = ("limit_reached", 409)
    TOO_LATE = ("too_late", 409)
    USERNAME_TAKEN = ("username_taken", 409)
    PAYLOAD_TOO_LARGE = ("payload_too_large", 413)
    QUOTA_EXCEEDED = ("quota_exceeded", 413)
    UNSUPPORTED_TYPE = ("unsupported_type", 415)
    UNKNOWN_EVENT = ("unknown_event", 404)
    RATE_LIMITED = ("rate_limited", 429)
    INTERNAL = ("internal", 500)
    UNAVAILABLE = ("unavailable", 503)

    @property
    def slug(self) -> str:
        return str(self.value[0])

    @property
    def status(self) -> int:
        return int(self.value[1])


class RequestError(Exception):
    """A request that cannot be done, told to the one who asked.

    ``detail`` is an English sentence that says what was got and what is allowed; people see the text of
    ``code`` in their own language with ``detail`` behind it. ``data`` travels beside the code.
    """

    def __init__(self, code: ErrorCode, detail: str = "", **data: Any) -> None:
        super().__init__(f"{code.slug}: {detail}" if detail else code.slug)
        self.code = code
        self.detail = detail
        self.data = data
