"""Friendship between two users, and the asking for it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from server.domain.users import Profile


class FriendRequest(Struct, frozen=True):
    """A request that waits for the answer of ``to_user``."""

    id: str
    from_user: Profile
    to_user: Profile
    created_at: datetime


def pair_key(first_user_id: str, second_user_id: str) -> str:
    """Name two users regardless of their order."""
    return ":".join(sorted((first_user_id, second_user_id)))
