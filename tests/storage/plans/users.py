"""The queries of `UserRepository`."""

from __future__ import annotations

from datetime import UTC, datetime

from server.domain.users import ProfileChange, Role, Standing, UserFilter
from server.storage.users import UserRepository
from tests.support.plans import Fault, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)

DOCUMENTS = {
    "users": [
        {
            "_id": f"user{n}",
            "username": f"User{n}",
            "username_key": f"user{n}",
            "display_name": "Somebody",
            "display_name_key": f"somebody{n}",
            "password_hash": "hash",
            "created_at": NOW,
            **({"avatar": f"picture{n}"} if n % 2 else {}),
            **({"role": "operator"} if n % 50 == 0 else {}),
            **({"ban": {"reason": "", "since": NOW}} if n % 50 == 1 else {}),
        }
        for n in range(500)
    ]
}

ROWS = (
    row(UserRepository.add, "new", "New", "hash", NOW),
    row(UserRepository.find, "user7"),
    row(UserRepository.find_by_name, "USER7"),
    row(UserRepository.find_account, "user7"),
    row(UserRepository.find_account_of, "user7"),
    row(UserRepository.set_password, "user7", "other hash"),
    row(UserRepository.replace_password, "user7", "other hash", "third hash"),
    row(UserRepository.update, "user7", ProfileChange("Another", "en", "picture")),
    row(UserRepository.update, "user7", ProfileChange(avatar=None)),
    row(UserRepository.is_avatar, "picture9"),
    row(UserRepository.ban, "user7", "reason", NOW),
    row(UserRepository.unban, "user7"),
    row(UserRepository.promote, "user7"),
    row(UserRepository.demote, "user7"),
    row(UserRepository.search, "user1", "user12", 20),
    row(UserRepository.search, "some", "user12", 20),
    row(UserRepository.search, "user1", "user12", 20, Standing.OPERATOR),
    row(UserRepository.search, "somebody1", "", 20, Standing.OPERATOR),
    row(UserRepository.search, "user1", "user12", 20, Standing.BANNED),
    row(UserRepository.search, "somebody1", "", 20, Standing.BANNED),
    row(UserRepository.views, ["user7", "user8", "nobody"]),
    row(UserRepository.listed, None, "user12", 20),
    row(UserRepository.listed, Standing.OPERATOR, "user12", 20),
    row(UserRepository.listed, Standing.BANNED, "user12", 20),
    row(UserRepository.count).excused(Fault.FINDS_NOTHING, "answered by the collection's own count"),
    row(UserRepository.ids_after, "user3", 20),
    row(UserRepository.matching, [f"user{n}" for n in range(150, 200)], UserFilter(Role.MEMBER, "user1", NOW)),
    row(UserRepository.locales, ["user7", "user8", "nobody"]),
    row(UserRepository.profiles, ["user7", "user8", "nobody"]),
    row(UserRepository.profiles_named, ["user7", "user8", "nobody"]),
)
