"""The queries of `NotificationPreferenceRepository`."""

from __future__ import annotations

from server.domain.notifications import Preferences
from server.storage.notification_preferences import NotificationPreferenceRepository
from tests.support.plans import row

DOCUMENTS = {"notification_preferences": [{"_id": f"user{n}", "muted_types": ["message"]} for n in range(400)]}

ROWS = (
    row(NotificationPreferenceRepository.of, ["user7", "user8", "nobody"]),
    row(NotificationPreferenceRepository.set, "user7", Preferences(("system",))),
)
