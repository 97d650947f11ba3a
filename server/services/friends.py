"""Friends: asking and answering, parting, blocking, listing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from server.clock import Clock
from server.domain.friends import Friend, FriendRequest, PendingRequest, Relation
from server.domain.ids import is_id
from server.domain.payloads import to_payload
from server.domain.rooms import user_room
from server.domain.users import Principal, Profile
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.realtime.hub import Publisher
from server.services.input_text import checked_text
from server.services.notices import FriendNotices
from server.services.presence import PresenceService
from server.services.profiles import Profiles
from server.services.rate_limits import count_attempt
from server.services.write_permits import WritePermits
from server.storage.friendships import FriendshipRepository
from server.storage.users import UserRepository

# Counted before each change: of changes at the very same moment one more may pass.
MAX_FRIENDS = 1000
MAX_REQUESTS = 200
MAX_BLOCKED = 1000

REQUEST_RATE = Rate(burst=20, per_second=0.1)
MAX_BUCKETS = 20_000


class FriendService:
    """What changes between two users both hear of live, on all their connections; of a block nobody but its maker does.

    Who is blocked must not find out. A block looks like an unfriending, and ends a request as declining it does; their
    request to the one who blocks them looks like one that waits, and is shown to the other one when unblocked.
    """

    def __init__(
        self,
        friendships: FriendshipRepository,
        users: UserRepository,
        profiles: Profiles,
        presence: PresenceService,
        permits: WritePermits,
        notices: FriendNotices,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._friendships = friendships
        self._users = users
        self._profiles = profiles
        self._presence = presence
        self._permits = permits
        self._notices = notices
        self._publisher = publisher
        self._clock = clock
        self._asking = TokenBuckets(REQUEST_RATE, MAX_BUCKETS)

    async def friends(self, principal: Principal) -> list[Friend]:
        """Return the user's friends by name."""
        profiles = await self._profiles_by_name(await self._friendships.friend_ids(principal.user_id))
        presences = await self._presence.of([profile.id for profile in profiles])
        return [Friend(**msgspec.structs.asdict(profile), presence=presences[profile.id]) for profile in profiles]

    async def unfriend(self, principal: Principal, friend_id: str) -> None:
        """End a friendship; RequestError (not_found) when there is none."""
        with self._permits.ending():
            are_parted = is_id(friend_id) and await self._friendships.unfriend(principal.user_id, friend_id)
        if not are_parted:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such friend of yours")
        self._tell_parted(principal.user_id, friend_id)

    async def requests(self, principal: Principal) -> list[FriendRequest]:
        """Return the requests that wait, from and to the user, newest first."""
        return await self._with_profiles(await self._friendships.requests(principal.user_id))

    async def request(self, principal: Principal, username: str) -> FriendRequest:
        """Ask somebody; asking again while it waits returns the same request.

        Raises RequestError: rate_limited, not_found, invalid_input for oneself, limit_reached when too many are asked
        already, conflict when they are friends, when the user blocks the other one, or when the other one has asked
        (``request_id`` then says which request to accept).
        """
        user_id = principal.user_id
        count_attempt(self._asking, user_id, self._clock.monotonic(), "friend requests")
        other = await self._users.find_by_name(checked_text("username", username, 1, 64))
        if other is None:
            raise RequestError(ErrorCode.NOT_FOUND, f"there is no user {username}")
        if other.id == user_id:
            raise RequestError(ErrorCode.INVALID_INPUT, "got your own username, allowed is another one's")
        await self._check_room_for_request(user_id)
        relation, is_new = await self._friendships.add_request(user_id, other.id, self._clock.now())
        pending = None if user_id in relation.blocked_by else relation.request
        if pending is None:
            how = "are friends" if relation.are_friends else "block them: unblock them first"
            raise RequestError(ErrorCode.CONFLICT, f"you cannot ask {other.username}, as you {how}")
        if pending.from_user_id == other.id:
            raise RequestError(
                ErrorCode.CONFLICT, f"{other.username} has asked you already: accept that", request_id=pending.id
            )
        request = (await self._with_profiles([pending]))[0]
        if is_new:
            who_sees = _who_sees(pending, relation)
            self._tell("friend_request", to_payload(request), who_sees)
            self._notices.friend_requested(request, who_sees)
        return request

    async def accept(self, principal: Principal, request_id: str) -> Profile:
        """Become friends; return the new friend.

        Raises RequestError: not_found unless the request waits for this user, limit_reached when one of the two has too
        many friends.
        """
        user_id = principal.user_id
        pending = await self._friendships.request_to(request_id, user_id) if is_id(request_id) else None
        if pending is not None:
            await self._check_room_for_friend(user_id, pending.from_user_id)
            pending = await self._friendships.accept(request_id, user_id, self._clock.now())
        if pending is None:
            raise _no_request()
        request = (await self._with_profiles([pending]))[0]
        self._tell("friend_accepted", to_payload(request), (pending.from_user_id, user_id))
        self._notices.friend_accepted(request)
        await self._presence.introduce(pending.from_user_id, user_id)
        return request.from_user

    async def decline(self, principal: Principal, request_id: str) -> None:
        """Answer no; RequestError (not_found) unless the request waits for this user."""
        pending = await self._friendships.decline(request_id, principal.user_id) if is_id(request_id) else None
        if pending is None:
            raise _no_request()
        self._tell_removed(pending, (pending.from_user_id, pending.to_user_id))

    async def withdraw(self, principal: Principal, request_id: str) -> None:
        """Take one's own request back; RequestError (not_found) unless it waits."""
        withdrawn = await self._friendships.withdraw(request_id, principal.user_id) if is_id(request_id) else None
        if withdrawn is None or withdrawn.request is None:
            raise _no_request()
        self._tell_removed(withdrawn.request, _who_sees(withdrawn.request, withdrawn))

    async def block(self, principal: Principal, other_id: str) -> None:
        """Block somebody, which ends friendship and requests; once more is no error.

        Raises RequestError: not_found, invalid_input for oneself, limit_reached when too many are blocked.
        """
        user_id = principal.user_id
        if other_id == user_id:
            raise RequestError(ErrorCode.INVALID_INPUT, "got your own id, allowed is another one's")
        if not is_id(other_id) or await self._users.find(other_id) is None:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such user")
        if await self._friendships.count_blocked(user_id, MAX_BLOCKED) >= MAX_BLOCKED:
            raise RequestError(ErrorCode.LIMIT_REACHED, f"you block {MAX_BLOCKED} users, which is the most")
        with self._permits.ending():
            before = await self._friendships.block(user_id, other_id)
        if before is None:
            return
        if before.are_friends:
            self._tell_parted(user_id, other_id)
        if before.request is not None:
            self._tell_removed(before.request, _who_sees(before.request, before))

    async def unblock(self, principal: Principal, other_id: str) -> None:
        """Block somebody no longer; the request they may have made meanwhile waits for the user then.

        Raises RequestError (not_found) when they are not blocked.
        """
        after = await self._friendships.unblock(principal.user_id, other_id) if is_id(other_id) else None
        if after is None:
            raise RequestError(ErrorCode.NOT_FOUND, "you block no such user")
        if after.request is not None:
            request = (await self._with_profiles([after.request]))[0]
            self._tell("friend_request", to_payload(request), (principal.user_id,))
            self._notices.friend_requested(request, (principal.user_id,))

    async def blocked(self, principal: Principal) -> list[Profile]:
        """Return whom the user blocks, by name."""
        return await self._profiles_by_name(await self._friendships.blocked_ids(principal.user_id))

    async def _check_room_for_request(self, user_id: str) -> None:
        if await self._friendships.count_requests_from(user_id, MAX_REQUESTS) >= MAX_REQUESTS:
            raise RequestError(ErrorCode.LIMIT_REACHED, f"{MAX_REQUESTS} of your requests wait, which is the most")

    async def _check_room_for_friend(self, user_id: str, other_id: str) -> None:
        for whose, someone in (("you have", user_id), ("the one who asks has", other_id)):
            if await self._friendships.count_friends(someone, MAX_FRIENDS) >= MAX_FRIENDS:
                raise RequestError(ErrorCode.LIMIT_REACHED, f"{whose} {MAX_FRIENDS} friends, which is the most")

    async def _profiles_by_name(self, user_ids: Sequence[str]) -> list[Profile]:
        profiles = await self._profiles.of(user_ids)
        return sorted(profiles.values(), key=lambda profile: profile.username.casefold())

    async def _with_profiles(self, pending: Sequence[PendingRequest]) -> list[FriendRequest]:
        ids = {user_id for request in pending for user_id in (request.from_user_id, request.to_user_id)}
        profiles = await self._profiles.of(ids)
        return [
            FriendRequest(request.id, profiles[request.from_user_id], profiles[request.to_user_id], request.created_at)
            for request in pending
        ]

    def _tell(self, event: str, payload: object, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            self._publisher.publish(user_room(user_id), event, payload)

    def _tell_removed(self, request: PendingRequest, user_ids: Iterable[str]) -> None:
        self._tell("friend_request_removed", {"request_id": request.id}, user_ids)

    def _tell_parted(self, user_id: str, other_id: str) -> None:
        self._tell("friend_removed", {"user_id": other_id}, (user_id,))
        self._tell("friend_removed", {"user_id": user_id}, (other_id,))


def _who_sees(request: PendingRequest, relation: Relation) -> list[str]:
    """Return the two, without the one who blocks the other: the request of who is blocked is not shown."""
    return [user_id for user_id in (request.from_user_id, request.to_user_id) if user_id not in relation.blocked_by]


def _no_request() -> RequestError:
    return RequestError(ErrorCode.NOT_FOUND, "there is no such request")
