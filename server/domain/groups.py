"""Groups: what is known of one when it is to be changed, and the change."""

from __future__ import annotations

from msgspec import Struct

from server.domain.conversations import Role
from server.domain.messages import SystemNote

MAX_MEMBERS = 500
MAX_GROUPS_PER_USER = 500
MAX_NAME_CHARACTERS = 64


class GroupState(Struct, frozen=True):
    """A group as a change finds it: ``roles`` of those members the change is about, ``heir`` who follows the owner."""

    id: str
    name: str
    owner_id: str
    member_count: int
    roles: dict[str, Role]
    heir: str | None


class GroupChange(Struct, frozen=True):
    """What becomes of a group, and the notes that tell of it; ``roles`` are those of members that get another one."""

    notes: tuple[SystemNote, ...]
    name: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    roles: dict[str, Role] = {}


class ChangedGroup(Struct, frozen=True):
    """A group after a change that is stored."""

    id: str
    name: str
    owner_id: str | None
    member_ids: tuple[str, ...]
    change: GroupChange
