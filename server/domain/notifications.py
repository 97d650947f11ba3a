"""Notifications: what is stored of one, the place of each in its user's order, and what users want to hear."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Struct, UnsetType

from server.domain.ids import is_id
from server.domain.known_texts import KnownText
from server.domain.users import UserFilter

Status = Literal["unread", "read"]
JobState = Literal["running", "done"]

_SEQ_DIGITS = 12
_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")


class Notification(Struct, frozen=True):
    """A notification as its user sees it; ``id`` grows with each that the user gets.

    What the product itself tells has its ``text``: title and content are ``<key>.title`` and ``<key>.content``.
    """

    id: str
    title: str
    content: str
    type: str
    link: str
    source: str
    created_at: datetime
    status: Status = "unread"
    text: KnownText | UnsetType = UNSET


class NotificationDraft(Struct, frozen=True):
    """A notification for one user on its way into the database.

    With a ``key`` it takes the place of that user's unread one with the same key. A ``silent`` one is not pushed.
    """

    user_id: str
    title: str
    content: str
    type: str
    link: str
    source: str
    created_at: datetime
    key: str | None = None
    status: Status = "unread"
    silent: bool = False
    text: KnownText | UnsetType = UNSET


class StoredNotification(Struct, frozen=True):
    """What became of a draft; ``replaced`` is the id of the one whose place it took."""

    user_id: str
    notification: Notification
    silent: bool
    replaced: str | None


class Wording(Struct, frozen=True):
    """What a job tells."""

    title: str
    content: str
    type: str
    link: str
    source: str


class Job(Struct, frozen=True):
    """How far a job has come: up to the id ``after`` all users were looked at, and those notified who are meant."""

    id: str
    wording: Wording
    filter: UserFilter | None
    """Who is meant; None: everyone."""
    total: int
    done: int
    notified: int
    after: str
    state: JobState
    created_at: datetime


class JobStep(Struct, frozen=True):
    """One batch of a job: ``count`` users behind ``after``, up to ``through``, of whom ``notified`` are meant."""

    job_id: str
    after: str
    through: str
    count: int
    notified: int
    is_last: bool
    lease_until: datetime


class QuietHours(Struct, frozen=True, rename={"begins": "from", "ends": "to"}):
    """A part of each day, as ``HH:MM`` in a zone; it may go over midnight."""

    begins: str
    ends: str
    zone: str

    def holds(self, now: datetime) -> bool:
        """Tell whether this moment is one of them."""
        local = now.astimezone(zone_named(self.zone)).time().replace(second=0, microsecond=0)
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        return begins <= local < ends if begins <= ends else local >= begins or local < ends


class Preferences(Struct, frozen=True):
    """What a user does not want to hear: these types never, and nothing in the quiet hours."""

    muted_types: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None

    def applied(self, kind: str, now: datetime) -> tuple[Status, bool]:
        """Return the status a new notification of a type gets, and whether it is silent."""
        if kind in self.muted_types:
            return "read", True
        return "unread", self.quiet_hours is not None and self.quiet_hours.holds(now)


NO_PREFERENCES = Preferences()


def zone_named(name: str) -> tzinfo:
    """Return the zone of an IANA name or an offset such as ``+08:00``; ValueError when there is no such."""
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        span = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(span if sign == "+" else -span)
    if name in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"there is no zone {name!r}") from error


def conversation_key(conversation_id: str) -> str:
    """Return the key of what tells that there is something new in a conversation."""
    return f"conversation:{conversation_id}"


def notification_id(seq: int) -> str:
    """Return a new id: the place in its user's order, then what nobody guesses."""
    return f"{seq:0{_SEQ_DIGITS}x}{secrets.token_hex(6)}"


def seq_of(notification_id: str) -> int | None:
    """Return the place that an id names; None for what cannot be an id."""
    return int(notification_id[:_SEQ_DIGITS], 16) if is_id(notification_id) else None
