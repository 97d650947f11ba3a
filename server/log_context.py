"""Which connection a log line is about: every layer may say it, `server.logs` writes it."""

from __future__ import annotations

from contextvars import ContextVar

CONNECTION: ContextVar[str] = ContextVar("connection", default="")
"""Set in a task that works for one connection: whatever is logged in it bears the name."""


def of_connection(name: str) -> dict[str, str]:
    """Return the ``extra`` of a log call that is made outside of such a task."""
    return {"connection": name}
