"""The queries of `AuditRepository`: ten operators, each with five kinds of act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.audit import LOOPBACK, AuditEntry
from server.storage.audit import AuditRepository
from tests.support.plans import row

NOW = datetime.now(UTC)  # the database's own clock ends entries
LATER = NOW + timedelta(days=365)

DOCUMENTS = {
    "audit": [
        {
            "_id": f"entry{n:04}",
            "actor": {"kind": "user", "id": f"user{n % 10}", "name": "chief"},
            "action": f"action{n // 10 % 5}",
            "subject": "",
            "details": {},
            "at": NOW,
            "address": "127.0.0.1",
            "expires_at": LATER,
        }
        for n in range(1000)
    ]
}

ROWS = (
    row(AuditRepository.add, AuditEntry("new", LOOPBACK, "user.ban", "", {}, NOW, ""), LATER),
    row(AuditRepository.conclude, "entry0007", 200),
    row(AuditRepository.newest, "", "", "", 20),
    row(AuditRepository.newest, "", "", "entry0500", 20),
    row(AuditRepository.newest, "user3", "", "entry0900", 20),
    row(AuditRepository.newest, "", "action2", "entry0900", 20),
    row(AuditRepository.newest, "user3", "action2", "entry0900", 10),
)
