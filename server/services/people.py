"""Members as others find them, and what they change of themselves."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from server.clock import Clock
from server.domain.payloads import to_payload
from server.domain.rooms import user_room
from server.domain.users import Principal, Profile, ProfileChange, User
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.realtime.hub import Publisher
from server.services.accounts import MAX_DISPLAY_NAME_CHARACTERS
from server.services.files import FileService
from server.services.input_text import checked_line, checked_text
from server.services.profiles import Profiles
from server.services.rate_limits import count_attempt
from server.storage.friendships import FriendshipRepository
from server.storage.users import UserRepository

MAX_QUERY_CHARACTERS = 64
MAX_FOUND = 50
SEARCH_RATE = Rate(20, 2)
CHANGE_RATE = Rate(10, 0.2)
"""A change of name or avatar is told to every friend."""

MAX_KEPT = 20_000
"""Members whose rates are remembered."""


class PeopleService:
    """Rates are each member's own."""

    def __init__(
        self,
        users: UserRepository,
        friendships: FriendshipRepository,
        profiles: Profiles,
        files: FileService,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._users = users
        self._friendships = friendships
        self._profiles = profiles
        self._files = files
        self._publisher = publisher
        self._clock = clock
        self._searches = TokenBuckets(SEARCH_RATE, MAX_KEPT)
        self._changes = TokenBuckets(CHANGE_RATE, MAX_KEPT)

    async def search(self, principal: Principal, query: str, limit: int) -> list[Profile]:
        """Return other members whose username or display name begins with ``query``, by username.

        Raises RequestError: invalid_input, rate_limited.
        """
        count_attempt(self._searches, principal.user_id, self._clock.monotonic(), "searches")
        prefix = checked_text("query", query.strip(), 1, MAX_QUERY_CHARACTERS)
        return await self._users.search(prefix, principal.user_id, min(limit, MAX_FOUND))

    async def update(self, principal: Principal, change: ProfileChange) -> User:
        """Change what is given; the member's connections and friends hear of a new display name or avatar.

        An avatar is a picture that the member has uploaded; the one before is no longer referred to. Raises
        RequestError: invalid_input, rate_limited.
        """
        count_attempt(self._changes, principal.user_id, self._clock.monotonic(), "changes of your profile")
        if change == ProfileChange():
            allowed = ", ".join(ProfileChange.__struct_fields__)
            raise RequestError(ErrorCode.INVALID_INPUT, f"got nothing to change; allowed are {allowed}")
        change = await self._checked(principal.user_id, change)
        hearing = [principal.user_id]
        if change.display_name is not UNSET or change.avatar is not UNSET:
            # Asked before the change: nothing comes between a change and its event, so that the last one is right.
            hearing += await self._friendships.friend_ids(principal.user_id)
        changed = await self._users.update(principal.user_id, change)
        if changed is None:
            raise RequestError(ErrorCode.UNAUTHORIZED, "the account is gone")
        before, after = changed
        if before.profile != after.profile:
            self._tell(after.profile, hearing)
        return after

    async def _checked(self, user_id: str, change: ProfileChange) -> ProfileChange:
        """Return what is to be stored; a picture counts as given away from here on."""
        if change.display_name is not UNSET:
            name = checked_line("display_name", change.display_name, MAX_DISPLAY_NAME_CHARACTERS)
            change = msgspec.structs.replace(change, display_name=name)
        if isinstance(change.avatar, str):
            await self._files.attach(user_id, change.avatar, only_picture=True)
        return change

    def _tell(self, profile: Profile, hearing: list[str]) -> None:
        self._profiles.forget(profile.id)
        payload = {"user": to_payload(profile)}
        for user_id in hearing:
            self._publisher.publish(user_room(user_id), "profile_updated", payload)
