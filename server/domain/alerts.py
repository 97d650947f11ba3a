"""What a user wants to be told of a price."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from msgspec import Struct


class AlertKind(Enum):
    """What is compared with the alert's value."""

    ABOVE = "above"
    BELOW = "below"
    CHANGE_PERCENT = "change_percent"


class AlertStatus(Enum):
    """Whether an alert still waits."""

    ACTIVE = "active"
    FIRED = "fired"


class Firing(Struct, frozen=True):
    """The quote that an alert fired at, and which process saw it."""

    price: float
    change_percent: float
    at: datetime
    by: str


class Alert(Struct, frozen=True):
    """A user's alert on one instrument; the revision grows each time it is armed anew."""

    id: str
    user_id: str
    symbol: str
    kind: AlertKind
    value: float
    created_at: datetime
    revision: int = 0
    firing: Firing | None = None

    @property
    def status(self) -> AlertStatus:
        return AlertStatus.FIRED if self.firing else AlertStatus.ACTIVE
