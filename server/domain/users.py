"""Who uses the community."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


def username_key(username: str) -> str:
    """Return what is the same for names that differ in case alone: those are one account's."""
    return username.casefold()


def display_name_key(display_name: str) -> str:
    """Return what is the same for display names that differ in case alone."""
    return display_name.casefold()


class Role(Enum):
    """What an account may do beside what everyone may."""

    MEMBER = "member"
    OPERATOR = "operator"


class Profile(Struct, frozen=True):
    """What other members see of a user; ``avatar`` is where the picture is served, absent when there is none."""

    id: str
    username: str
    display_name: str
    avatar: str | UnsetType = UNSET


class User(Struct, frozen=True):
    """An account as its owner sees it; without a ``locale`` it has chosen none."""

    id: str
    username: str
    display_name: str
    created_at: datetime
    role: Role = Role.MEMBER
    locale: str | UnsetType = UNSET
    avatar: str | UnsetType = UNSET

    @property
    def profile(self) -> Profile:
        return Profile(self.id, self.username, self.display_name, self.avatar)


class ProfileChange(Struct, frozen=True, omit_defaults=True):
    """What an account's owner changes of it; ``avatar`` is a picture's id, or None for no avatar any more."""

    display_name: str | UnsetType = UNSET
    locale: Literal["zh-CN", "zh-TW", "en"] | UnsetType = UNSET
    avatar: str | UnsetType | None = UNSET


Moment = Annotated[datetime, Meta(tz=True)]


class UserFilter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which users are meant: all that is given has to hold. A name that is none of these is refused, not left out."""

    role: Role | None = None
    username_prefix: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    registered_after: Moment | None = None
    registered_before: Moment | None = None
    active_since: Moment | None = None
    """Who is here, or was then or later."""

    def __post_init__(self) -> None:
        moments = self.registered_after, self.registered_before, self.active_since
        try:
            for moment in filter(None, moments):
                moment.astimezone(UTC)
        except OverflowError:
            raise ValueError("a time has to be in the years 1 to 9999 in UTC, too") from None


class Principal(Struct, frozen=True):
    """Who asks: a user, by which login session, and until when the proof of it holds.

    ``role`` is what it was when the login session was last looked up.
    """

    user_id: str
    username: str
    session_id: str
    expires_at: datetime
    role: Role = Role.MEMBER


class Ban(Struct, frozen=True):
    """That an account is closed to its owner, and what an operator said about it."""

    reason: str
    since: datetime


class UserView(Profile, frozen=True, kw_only=True):
    """A user as operators see it; ``ban`` is there while the account is closed to its owner."""

    created_at: datetime
    role: Role
    ban: Ban | UnsetType = UNSET


class Standing(Enum):
    """What sets an account apart from those of most members."""

    OPERATOR = "operator"
    BANNED = "banned"


class Holder(Struct, frozen=True):
    """What is looked up of an account each time somebody acts by one of its login sessions."""

    role: Role
    is_banned: bool


class LoginSession(Struct, frozen=True):
    """A sign-in that still holds."""

    id: str
    user_id: str
    expires_at: datetime
