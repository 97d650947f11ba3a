"""Friends: asking, accepting, listing."""

from __future__ import annotations

from collections.abc import Sequence

from server.clock import Clock
from server.domain.friends import FriendRequest
from server.domain.ids import is_id
from server.domain.payloads import to_payload
from server.domain.rooms import user_room
from server.domain.users import Principal, Profile
from server.errors import ErrorCode, RequestError
from server.realtime.hub import Publisher
from server.services.input_text import checked_text
from server.services.profiles import Profiles
from server.storage.friendships import FriendshipRepository, PendingRequest
from server.storage.users import UserRepository


class FriendService:
    """Both sides of a request or a friendship hear of it live, on all their connections."""

    def __init__(
        self,
        friendships: FriendshipRepository,
        users: UserRepository,
        profiles: Profiles,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._friendships = friendships
        self._users = users
        self._profiles = profiles
        self._publisher = publisher
        self._clock = clock

    async def friends(self, principal: Principal) -> list[Profile]:
        """Return the user's friends by name."""
        profiles = await self._profiles.of(await self._friendships.friend_ids(principal.user_id))
        return sorted(profiles.values(), key=lambda profile: profile.username.casefold())

    async def requests(self, principal: Principal) -> list[FriendRequest]:
        """Return the requests that wait, from and to the user, newest first."""
        return await self._with_profiles(await self._friendships.requests(principal.user_id))

    async def request(self, principal: Principal, username: str) -> FriendRequest:
        """Ask somebody; asking again while it waits returns the same request.

        Raises RequestError: not_found, invalid_input for oneself, conflict when they are friends or when the other
        one has asked already (``request_id`` then says which request to accept).
        """
        other = await self._users.find_by_name(checked_text("username", username, 1, 64))
        if other is None:
            raise RequestError(ErrorCode.NOT_FOUND, f"there is no user {username}")
        if other.id == principal.user_id:
            raise RequestError(ErrorCode.INVALID_INPUT, "got your own username, allowed is another one's")
        if await self._friendships.are_friends(principal.user_id, other.id):
            raise RequestError(ErrorCode.CONFLICT, f"you and {other.username} are friends")
        pending, is_new = await self._friendships.add_request(principal.user_id, other.id, self._clock.now())
        if pending.from_user_id == other.id:
            raise RequestError(
                ErrorCode.CONFLICT, f"{other.username} has asked you already: accept that", request_id=pending.id
            )
        request = (await self._with_profiles([pending]))[0]
        if is_new:
            self._tell("friend_request", request)
        return request

    async def accept(self, principal: Principal, request_id: str) -> Profile:
        """Become friends; return the new friend. RequestError (not_found) unless the request waits for this user."""
        pending = await self._friendships.request_to(request_id, principal.user_id) if is_id(request_id) else None
        if pending is None:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such request to you")
        # In this order a crash in between leaves a request that can be accepted once more.
        await self._friendships.befriend(pending.from_user_id, pending.to_user_id, self._clock.now())
        request = (await self._with_profiles([pending]))[0]
        if await self._friendships.remove_request(pending.id):
            self._tell("friend_accepted", request)
        return request.from_user

    async def _with_profiles(self, pending: Sequence[PendingRequest]) -> list[FriendRequest]:
        ids = {user_id for request in pending for user_id in (request.from_user_id, request.to_user_id)}
        profiles = await self._profiles.of(ids)
        return [
            FriendRequest(request.id, profiles[request.from_user_id], profiles[request.to_user_id], request.created_at)
            for request in pending
        ]

    def _tell(self, event: str, request: FriendRequest) -> None:
        payload = to_payload(request)
        for user in (request.from_user, request.to_user):
            self._publisher.publish(user_room(user.id), event, payload)
