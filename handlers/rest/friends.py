"""Friends and friend requests."""

from __future__ import annotations

from msgspec import Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.friends import Friend, FriendRequest
from server.domain.payloads import to_payload
from server.domain.users import Profile
from server.errors import ErrorCode


class FriendRequestBody(Struct):
    username: str


class FriendsHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers={"friends": list[Friend]})
    async def get(self) -> None:
        """List the caller's friends."""
        self.answer({"friends": to_payload(await self.services.friends.friends(self.principal))})


class FriendHandler(ApiHandler):
    access = Access.MEMBER

    @operation()
    async def delete(self, user_id: str) -> None:
        """Unfriend somebody."""
        await self.services.friends.unfriend(self.principal, user_id)
        self.answer(None)


class FriendRequestsHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers={"requests": list[FriendRequest]})
    async def get(self) -> None:
        """List the friend requests that wait, from and to the caller."""
        self.answer({"requests": to_payload(await self.services.friends.requests(self.principal))})

    @operation(
        body=FriendRequestBody,
        answers=FriendRequest,
        status=201,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
    )
    async def post(self, body: FriendRequestBody) -> None:
        """Ask somebody to become a friend."""
        self.answer(to_payload(await self.services.friends.request(self.principal, body.username)))


class FriendRequestHandler(ApiHandler):
    access = Access.MEMBER

    @operation()
    async def delete(self, request_id: str) -> None:
        """Take back a friend request of one's own."""
        await self.services.friends.withdraw(self.principal, request_id)
        self.answer(None)


class AcceptFriendRequestHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers={"friend": Profile}, errors=(ErrorCode.CONFLICT,))
    async def post(self, request_id: str) -> None:
        """Accept a friend request."""
        friend = await self.services.friends.accept(self.principal, request_id)
        self.answer({"friend": to_payload(friend)})


class DeclineFriendRequestHandler(ApiHandler):
    access = Access.MEMBER

    @operation()
    async def post(self, request_id: str) -> None:
        """Decline a friend request."""
        await self.services.friends.decline(self.principal, request_id)
        self.answer(None)


class BlockedHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers={"blocked": list[Profile]})
    async def get(self) -> None:
        """List whom the caller blocks."""
        self.answer({"blocked": to_payload(await self.services.friends.blocked(self.principal))})


class BlockHandler(ApiHandler):
    access = Access.MEMBER

    @operation(errors=(ErrorCode.CONFLICT,))
    async def post(self, user_id: str) -> None:
        """Block somebody."""
        await self.services.friends.block(self.principal, user_id)
        self.answer(None)

    @operation()
    async def delete(self, user_id: str) -> None:
        """Block somebody no longer."""
        await self.services.friends.unblock(self.principal, user_id)
        self.answer(None)
