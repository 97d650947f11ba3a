"""Who uses the community."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


def username_key(username: str) -> str:
    """Return what is the same for names that differ in case alone: those are one account's."""
    return username.casefold()


class Profile(Struct, frozen=True):
    """What other members see of a user."""

    id: str
    username: str
    display_name: str


class User(Struct, frozen=True):
    """An account as its owner sees it."""

    id: str
    username: str
    display_name: str
    created_at: datetime

    @property
    def profile(self) -> Profile:
        return Profile(self.id, self.username, self.display_name)


class Principal(Struct, frozen=True):
    """Who asks: a user, by which login session, and until when the proof of it holds."""

    user_id: str
    username: str
    session_id: str
    expires_at: datetime


class LoginSession(Struct, frozen=True):
    """A sign-in that still holds."""

    id: str
    user_id: str
    expires_at: datetime
