"""The queries of `ServiceKeyRepository`."""

from __future__ import annotations

from datetime import UTC, datetime

from server.domain.service_keys import Scope, ServiceKey
from server.storage.service_keys import ServiceKeyRepository
from tests.support.plans import row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)

DOCUMENTS = {
    "service_keys": [
        {
            "_id": f"key{n:03}",
            "name": "worker",
            "scopes": ["tasks"],
            "created_at": NOW,
            "created_by": "chief",
            "secret_hash": "hash",
        }
        for n in range(300)
    ]
}

ROWS = (
    row(ServiceKeyRepository.add, ServiceKey("new", "worker", (Scope.TASKS,), NOW, "chief"), "hash"),
    row(ServiceKeyRepository.find, "key007"),
    row(ServiceKeyRepository.newest, 200),
    row(ServiceKeyRepository.touch, "key007", NOW),
    row(ServiceKeyRepository.remove, "key007"),
)
