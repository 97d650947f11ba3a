"""The queries of `ConversationRepository`: everyone talks with ten others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.conversations import Activity, Kind, Mark, MarkKey, MemberKey, Role
from server.domain.friends import pair_key
from server.storage.conversations import ConversationRepository
from server.storage.documents import Document
from tests.support.plans import row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
USERS = 100
PAIRS = [(f"direct{n}-{distance}", n, (n + distance) % USERS) for n in range(USERS) for distance in range(1, 6)]


def member(conversation_id: str, user: int, kind: Kind, role: Role = "member") -> Document:
    """Return a member as it is stored."""
    return {
        "_id": f"{conversation_id}:user{user}",
        "conversation_id": conversation_id,
        "user_id": f"user{user}",
        "kind": kind,
        "role": role,
        "joined_at": NOW + timedelta(minutes=user),
        "read": 0,
        "delivered": 0,
        "pinned": kind == "direct" and user % 5 == 0,
        "muted_until": None,
    }


DOCUMENTS = {
    "conversations": [
        {
            "_id": conversation_id,
            "kind": "direct",
            "pair": pair_key(f"user{one}", f"user{other}"),
            "member_count": 2,
            "version": 0,
            "created_at": NOW,
            "active_at": NOW + timedelta(minutes=one),
            "last_seq": 40,
            "revision": 40,
        }
        for conversation_id, one, other in PAIRS
    ],
    "members": [
        member(conversation_id, user, "direct") for conversation_id, one, other in PAIRS for user in (one, other)
    ],
}

ACTIVITIES = [Activity(f"direct{n}-1", 41, 1, NOW + timedelta(days=1), {f"user{n}": 41}) for n in range(20)]
MARKS = {MarkKey(f"direct{n}-1", f"user{n}", mark): 41 for n in range(20) for mark in Mark}
KEY = MemberKey("direct1-1", "user1")

ROWS = (
    row(ConversationRepository.open_direct, "user1", "user2", NOW),
    row(ConversationRepository.open_direct, "user1", "user50", NOW),
    row(ConversationRepository.find_direct, "user1", "user2"),
    row(ConversationRepository.find_for_member, "direct1-1", "user2"),
    row(ConversationRepository.is_member_of_any, "user2", ["direct1-1", "direct2-1"]),
    row(ConversationRepository.list_for_member, "user1"),
    row(ConversationRepository.members, "direct1-1"),
    row(ConversationRepository.find_members, [KEY, MemberKey("direct1-1", "user50")]),
    row(ConversationRepository.member_ids, "direct1-1"),
    row(ConversationRepository.audiences, ["direct1-1", "direct2-1", "unknown"]),
    row(ConversationRepository.set_pinned, KEY, True),
    row(ConversationRepository.set_muted, KEY, NOW),
    row(ConversationRepository.count_pinned, "user5"),
    row(ConversationRepository.record, ACTIVITIES),
    row(ConversationRepository.mark, MARKS),
)
