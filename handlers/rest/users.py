"""Users: as themselves, as others find them, and as operators treat them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.users import ProfileChange, Role


class PasswordChange(Struct):
    old_password: str
    new_password: str


class SearchQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    query: str = ""
    limit: Annotated[int, Meta(ge=1)] = 20


class BanBody(Struct):
    reason: str = ""


class RoleBody(Struct):
    role: Literal["member", "operator"]


class MeHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer(to_payload(await self.services.accounts.me(self.principal)))

    async def patch(self) -> None:
        user = await self.services.members.update(self.principal, self.body(ProfileChange))
        self.answer(to_payload(user))


class PasswordHandler(ApiHandler):
    """A new password ends every other login session."""

    access = Access.MEMBER

    async def patch(self) -> None:
        body = self.body(PasswordChange)
        await self.services.accounts.change_password(
            self.principal, body.old_password, body.new_password, self.request.remote_ip or ""
        )
        self.answer(None)


class UsersHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        query = self.query(SearchQuery)
        found = await self.services.members.search(self.principal, query.query, query.limit)
        self.answer({"users": to_payload(found)})


class BanHandler(ApiHandler):
    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"POST": "user.ban", "DELETE": "user.unban"}
    audited_fields = ("reason",)

    async def post(self, user_id: str) -> None:
        await self.services.moderation.ban(user_id, self.body(BanBody).reason)
        self.answer(None)

    async def delete(self, user_id: str) -> None:
        await self.services.moderation.unban(user_id)
        self.answer(None)


class RoleHandler(ApiHandler):
    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"PATCH": "user.role"}
    audited_fields = ("role",)

    async def patch(self, user_id: str) -> None:
        user = await self.services.moderation.set_role(self.actor, user_id, Role(self.body(RoleBody).role))
        self.answer(to_payload(user))
