"""What a user wants to be told of a price."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from msgspec import UNSET, Struct, UnsetType


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


class FiringView(Struct, frozen=True):
    """The quote that an alert fired at."""

    price: float
    change_percent: float
    at: str


class AlertView(Struct, frozen=True):
    """An alert as its user sees it; ``fired`` is there when it has."""

    id: str
    code: str
    symbol: str
    name: str
    kind: AlertKind
    value: float
    status: AlertStatus
    created_at: str
    fired: FiringView | UnsetType = UNSET


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
