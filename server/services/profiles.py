"""The profiles that go with every message, kept at hand for a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from server.clock import Clock
from server.domain.users import Profile
from server.storage.users import UserRepository

FRESH_SECONDS = 10.0
MAX_KEPT = 10_000


class Profiles:
    """Looks profiles up; a change of a name elsewhere shows after at most `FRESH_SECONDS`."""

    def __init__(self, users: UserRepository, clock: Clock) -> None:
        self._users = users
        self._clock = clock
        self._kept: dict[str, tuple[float, Profile]] = {}
        self._changes = 0

    async def of(self, user_ids: Iterable[str]) -> dict[str, Profile]:
        """Return a profile for each id; one whose account is gone has no name."""
        wanted = set(user_ids)
        now = self._clock.monotonic()
        found = {
            user_id: kept[1]
            for user_id in wanted
            if (kept := self._kept.get(user_id)) and kept[0] + FRESH_SECONDS > now
        }
        missing = wanted - found.keys()
        if missing:
            changes = self._changes
            fetched = await self._users.profiles(missing)
            if changes == self._changes:
                self._keep(fetched, now)
            found |= {user_id: fetched.get(user_id) or Profile(user_id, "", "") for user_id in missing}
        return found

    async def one(self, user_id: str) -> Profile:
        return (await self.of([user_id]))[user_id]

    async def named(self, username_keys: Collection[str]) -> list[Profile]:
        """Return the profiles of those of the names that are somebody's, as they are now."""
        return await self._users.profiles_named(username_keys)

    def forget(self, user_id: str) -> None:
        """Look a profile up anew: it has changed. What is being fetched may be from before, and is not kept."""
        self._changes += 1
        self._kept.pop(user_id, None)

    def _keep(self, fetched: dict[str, Profile], now: float) -> None:
        if len(self._kept) + len(fetched) > MAX_KEPT:
            self._kept.clear()
        self._kept |= {user_id: (now, profile) for user_id, profile in fetched.items()}
