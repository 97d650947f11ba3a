"""The queries of `NotificationJobRepository`: of many jobs one was left by its process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.notifications import Wording
from server.domain.users import Role, UserFilter
from server.storage.notification_jobs import NotificationJobRepository
from tests.support.plans import row

NOW = datetime.now(UTC)  # the database's own clock ends them
LATER = NOW + timedelta(hours=1)

DOCUMENTS = {
    "notification_jobs": [
        {
            "_id": f"job{n}",
            "wording": {"title": "title", "content": "", "type": "system", "link": "", "source": ""},
            "filter": None,
            "total": 10,
            "done": 10,
            "notified": 10,
            "after": "user9",
            "state": "running" if n == 7 else "done",
            "created_at": NOW,
            "lease_until": NOW - timedelta(hours=1),
            "expires_at": LATER,
        }
        for n in range(400)
    ]
}

ROWS = (
    row(NotificationJobRepository.add, Wording("title", "", "system", "", ""), UserFilter(Role.MEMBER), 10, NOW, LATER),
    row(NotificationJobRepository.find, "job7"),
    row(NotificationJobRepository.claim, NOW, LATER),
)
