"""The queries of `AlertRepository`: everyone has five active alerts and five that fired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.alerts import Alert, AlertKind, Firing
from server.storage.alerts import AlertRepository
from server.storage.documents import Document
from tests.support.plans import Row, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
FIRING = Firing(100.0, 1.5, NOW, "process")


def stored(user: int, number: int, **more: object) -> Document:
    alert = {"_id": f"user{user}-{number}", "user_id": f"user{user}", "symbol": "600519.SH", "kind": "above"}
    return {**alert, "value": 100.0, "created_at": NOW, "revision": 0, **more}


def asked(user: int, number: int, firing: Firing | None = None) -> Alert:
    return Alert(
        f"user{user}-{number}", f"user{user}", "600519.SH", AlertKind.ABOVE, 100.0, NOW, revision=0, firing=firing
    )


DOCUMENTS = {
    "alerts": [
        document
        for user in range(100)
        for n in range(5)
        for document in (
            stored(user, n, slot=n),
            stored(
                user,
                n + 5,
                firing={"price": 1.0, "change_percent": 0.0, "at": NOW + timedelta(minutes=n), "by": "process"},
            ),
        )
    ]
}


async def _all_active(repository: AlertRepository) -> None:
    assert len([alert async for alert in repository.every_active()]) == 500


ROWS = (
    Row("every_active", _all_active),
    row(AlertRepository.add, "user1", "600519.SH", AlertKind.BELOW, 90.0, NOW),
    row(AlertRepository.find, "user2-1"),
    row(AlertRepository.active, "user2"),
    row(AlertRepository.fired, "user2", 3),
    row(AlertRepository.arm, asked(3, 0), 110.0),
    row(AlertRepository.arm, asked(3, 5, FIRING), 110.0),
    row(AlertRepository.fire, "user4-0", 0, FIRING),
    row(AlertRepository.remove, "user5-0", "user5"),
)
