"""Whether somebody is here."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from msgspec import Struct


class PresenceState(Enum):
    """Over all devices of a user: one is in use, all rest, or there is none."""

    ONLINE = "online"
    IDLE = "idle"
    OFFLINE = "offline"


class Presence(Struct, frozen=True):
    """What friends see of a user.

    ``last_seen`` is now for who is online, the moment it began for who is idle, and the moment the last device went
    for who is offline; None when that was never noted.
    """

    state: PresenceState
    last_seen: datetime | None
