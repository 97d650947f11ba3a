"""The queries of `NotificationRepository`: every user has forty notifications, of two types, half of them read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.notifications import NotificationDraft
from server.storage.notifications import NotificationRepository
from tests.support.plans import Fault, row

NOW = datetime.now(UTC)  # the database's own clock ends them

DOCUMENTS = {
    "notifications": [
        {
            "_id": f"{seq:012x}{user:012x}",
            "user_id": f"user{user}",
            "seq": seq,
            "title": "title",
            "content": "content",
            "type": "message" if seq % 2 else "system",
            "link": "/",
            "source": "tests",
            "created_at": NOW,
            "expires_at": NOW + timedelta(days=90),
            "status": "read" if seq <= 20 else "unread",
            **({"key": "conversation:1"} if seq == 40 else {}),
        }
        for user in range(40)
        for seq in range(1, 41)
    ],
    "notification_places": [{"_id": f"user{user}", "seq": 40} for user in range(400)],
    "notification_deliveries": [{"_id": f"user{user}", "seq": 30} for user in range(400)],
}


def draft(user: int, key: str | None = None) -> NotificationDraft:
    return NotificationDraft(f"user{user}", "title", "content", "message", "/", "tests", NOW, key)


ROWS = (
    row(NotificationRepository.add, [draft(1), draft(2), draft(2, "conversation:1"), draft(1000)]),
    row(NotificationRepository.newest, "user3", 10),
    row(NotificationRepository.newest, "user3", 10, 30),
    row(NotificationRepository.newest, "user3", 10, 30, "read"),
    row(NotificationRepository.newest, "user3", 10, 30, None, "message"),
    row(NotificationRepository.newest, "user3", 10, 30, "read", "message"),
    row(NotificationRepository.following, "user3", 30, 5),
    row(NotificationRepository.count_unread, ["user4", "user5"]).excused(
        Fault.EXAMINES, "it counts entries of the index, and those that are unread alone"
    ),
    row(NotificationRepository.mark_read, "user4", [f"{seq:012x}{4:012x}" for seq in (21, 22)]),
    row(NotificationRepository.mark_keys_read, {("user6", "conversation:1"), ("user7", "conversation:2")}),
    row(NotificationRepository.mark_all_read, "user4", 40),
    row(NotificationRepository.remove, "user5", f"{7:012x}{5:012x}"),
    row(NotificationRepository.note_told, {"user1": 40, "user1000": 1}),
    row(NotificationRepository.places, "user1"),
)
