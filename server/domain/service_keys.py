"""Keys of programs that call the server, and what each may do."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from msgspec import UNSET, Struct, UnsetType


class Scope(Enum):
    """One kind of call that a key may be allowed; a key never has a member's rights."""

    METRICS = "metrics"
    NOTIFICATIONS = "notifications"
    PRICES = "prices"
    TASKS = "tasks"


class ServiceKey(Struct, frozen=True):
    """A key as operators see it: without the secret, which nobody has but its holder."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    """The name of who made it."""
    expires_at: datetime | UnsetType = UNSET
    last_used_at: datetime | UnsetType = UNSET
    """To within a minute."""
