"""Friends and friend requests."""

from __future__ import annotations

from msgspec import Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.payloads import to_payload


class FriendRequestBody(Struct):
    username: str


class FriendsHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer({"friends": to_payload(await self.services.friends.friends(self.principal))})


class FriendHandler(ApiHandler):
    access = Access.MEMBER

    async def delete(self, user_id: str) -> None:
        await self.services.friends.unfriend(self.principal, user_id)
        self.answer(None)


class FriendRequestsHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer({"requests": to_payload(await self.services.friends.requests(self.principal))})

    async def post(self) -> None:
        body = self.body(FriendRequestBody)
        request = await self.services.friends.request(self.principal, body.username)
        self.answer(to_payload(request), status=201, message="rest.created")


class FriendRequestHandler(ApiHandler):
    access = Access.MEMBER

    async def delete(self, request_id: str) -> None:
        await self.services.friends.withdraw(self.principal, request_id)
        self.answer(None)


class AcceptFriendRequestHandler(ApiHandler):
    access = Access.MEMBER

    async def post(self, request_id: str) -> None:
        friend = await self.services.friends.accept(self.principal, request_id)
        self.answer({"friend": to_payload(friend)})


class DeclineFriendRequestHandler(ApiHandler):
    access = Access.MEMBER

    async def post(self, request_id: str) -> None:
        await self.services.friends.decline(self.principal, request_id)
        self.answer(None)


class BlockedHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer({"blocked": to_payload(await self.services.friends.blocked(self.principal))})


class BlockHandler(ApiHandler):
    access = Access.MEMBER

    async def post(self, user_id: str) -> None:
        await self.services.friends.block(self.principal, user_id)
        self.answer(None)

    async def delete(self, user_id: str) -> None:
        await self.services.friends.unblock(self.principal, user_id)
        self.answer(None)
