"""The queries of `GroupRepository`: six groups of sixty, which others may join."""

from __future__ import annotations

from server.domain.groups import GroupChange
from server.storage.documents import Document
from server.storage.groups import GroupRepository
from tests.storage.plans.conversations import NOW, member
from tests.support.plans import row

GROUPS, SIZE = 6, 60


def group(number: int) -> Document:
    """Return a group as it is stored."""
    return {
        "_id": f"group{number}",
        "kind": "group",
        "name": "group",
        "owner_id": "user0",
        "member_count": SIZE,
        "version": 0,
        "created_at": NOW,
        "active_at": NOW,
        "last_seq": 40,
        "revision": 40,
    }


DOCUMENTS = {
    "conversations": [group(number) for number in range(GROUPS)] + [group(100 + number) for number in range(300)],
    "members": [
        member(f"group{number}", user, "group", "member" if user else "owner")
        for number in range(GROUPS)
        for user in range(SIZE)
    ],
}

REPLACED = GroupChange(notes=(), added=("user80", "user81"), removed=("user3",))
HANDED_OVER = GroupChange(notes=(), roles={"user1": "owner", "user0": "admin"})

ROWS = (
    row(GroupRepository.create, "new", "user1", ["user2", "user3"], NOW),
    row(GroupRepository.change, "group1", {"user0"}, lambda _: GroupChange(notes=(), name="other"), NOW),
    row(GroupRepository.change, "group1", {"user3"}, lambda _: REPLACED, NOW),
    row(GroupRepository.change, "group1", {"user0", "user1"}, lambda _: HANDED_OVER, NOW),
    row(GroupRepository.count_groups, ["user2", "user3", "unknown"]),
)
