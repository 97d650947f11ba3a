"""The queries of `LoginSessionRepository`: every user has three sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.users import LoginSession
from server.storage.login_sessions import LoginSessionRepository
from tests.support.plans import row

NOW = datetime.now(UTC)  # the database's own clock ends sessions
LATER = NOW + timedelta(days=30)

DOCUMENTS = {
    "login_sessions": [
        {
            "_id": f"session{n}",
            "user_id": f"user{n // 3}",
            "expires_at": LATER,
            "created_at": NOW,
            "family_hash": "family",
            "nonce_hash": "nonce",
        }
        for n in range(600)
    ]
}

ROWS = (
    row(LoginSessionRepository.add, LoginSession("new", "user7", LATER), "family", "nonce", NOW),
    row(LoginSessionRepository.find, "session1", NOW),
    row(LoginSessionRepository.find_by_token, "session1", "nonce", NOW),
    row(LoginSessionRepository.rotate, "session1", "nonce", "next", NOW, LATER),
    row(LoginSessionRepository.revoke, "session1"),
    row(LoginSessionRepository.revoke_family, "session2", "family"),
    row(LoginSessionRepository.revoke_all, "user9"),
)
