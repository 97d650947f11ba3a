"""The queries of `ConversationRepository`: everyone talks with ten others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.conversations import Activity, Mark, MarkKey
from server.domain.friends import pair_key
from server.storage.conversations import ConversationRepository
from tests.support.plans import row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
USERS = 100

DOCUMENTS = {
    "conversations": [
        {
            "_id": f"direct{n}-{distance}",
            "kind": "direct",
            "pair": pair_key(f"user{n}", f"user{(n + distance) % USERS}"),
            "member_ids": [f"user{n}", f"user{(n + distance) % USERS}"],
            "created_at": NOW,
            "active_at": NOW + timedelta(minutes=n),
            "last_seq": 40,
            "revision": 40,
            "read": {},
            "delivered": {},
        }
        for n in range(USERS)
        for distance in range(1, 6)
    ]
}

ACTIVITIES = [Activity(f"direct{n}-1", 41, 1, NOW + timedelta(days=1), {f"user{n}": 41}) for n in range(20)]
MARKS = {MarkKey(f"direct{n}-1", f"user{n}", mark): 41 for n in range(20) for mark in Mark}

ROWS = (
    row(ConversationRepository.open_direct, "user1", "user2", NOW),
    row(ConversationRepository.open_direct, "user1", "user50", NOW),
    row(ConversationRepository.find_direct, "user1", "user2"),
    row(ConversationRepository.find_for_member, "direct1-1", "user2"),
    row(ConversationRepository.list_for_member, "user1"),
    row(ConversationRepository.record, ACTIVITIES),
    row(ConversationRepository.mark, MARKS),
)
