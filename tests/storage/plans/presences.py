"""The queries of `PresenceRepository`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.storage.presences import PresenceRepository
from tests.support.plans import row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)

DOCUMENTS = {"presences": [{"_id": f"user{n}", "last_seen": NOW} for n in range(500)]}

ROWS = (
    row(PresenceRepository.touch, {f"user{n}": NOW + timedelta(hours=1) for n in range(490, 510)}),
    row(PresenceRepository.last_seen, ["user7", "user8", "nobody"]),
)
