"""What operators and programs did, and who they are there."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType


class Actor(Struct, frozen=True):
    """Who acted: a user, a service key, or whoever sits at the machine."""

    kind: Literal["user", "service_key", "loopback", "terminal"]
    id: str
    name: str


LOOPBACK = Actor("loopback", "loopback", "loopback")
TERMINAL = Actor("terminal", "terminal", "terminal")


class AuditEntry(Struct, frozen=True):
    """One call that changed something, written before it acted.

    ``status`` is what the call was answered with; without it the server died, or lost its database, in between: the
    call may have acted or not.
    """

    id: str
    actor: Actor
    action: str
    subject: str
    details: dict[str, Any]
    at: datetime
    address: str
    status: int | UnsetType = UNSET
