"""Friendship between two users, and the asking for it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from server.domain.presence import Presence
from server.domain.users import Profile


class Friend(Profile, frozen=True, kw_only=True):
    """A friend as the other one sees it."""

    presence: Presence


class FriendRequest(Struct, frozen=True):
    """A request that waits for the answer of ``to_user``."""

    id: str
    from_user: Profile
    to_user: Profile
    created_at: datetime


class PendingRequest(Struct, frozen=True):
    """A friend request as it is stored."""

    id: str
    from_user_id: str
    to_user_id: str
    created_at: datetime


class Relation(Struct, frozen=True):
    """What is between two users.

    Friends neither ask nor block each other, and who blocks does not ask; who is blocked may, and waits.
    """

    are_friends: bool = False
    request: PendingRequest | None = None
    blocked_by: frozenset[str] = frozenset()


def pair_key(first_user_id: str, second_user_id: str) -> str:
    """Name two users regardless of their order."""
    return ":".join(sorted((first_user_id, second_user_id)))
