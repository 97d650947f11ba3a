"""Users: as themselves, as others find them, and as operators treat them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.users import Profile, ProfileChange, Role, User
from server.errors import ErrorCode


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

    @operation(answers=User)
    async def get(self) -> None:
        """Show the caller's account."""
        self.answer(to_payload(await self.services.accounts.me(self.principal)))

    @operation(body=ProfileChange, answers=User)
    async def patch(self, body: ProfileChange) -> None:
        """Change the caller's display name or language."""
        user = await self.services.people.update(self.principal, body)
        self.answer(to_payload(user))


class PasswordHandler(ApiHandler):
    """A new password ends every other login session."""

    access = Access.MEMBER

    @operation(body=PasswordChange, errors=(ErrorCode.INVALID_CREDENTIALS, ErrorCode.WEAK_PASSWORD))
    async def patch(self, body: PasswordChange) -> None:
        """Change the caller's password."""
        await self.services.accounts.change_password(
            self.principal, body.old_password, body.new_password, self.request.remote_ip or ""
        )
        self.answer(None)


class UsersHandler(ApiHandler):
    access = Access.MEMBER

    @operation(query=SearchQuery, answers={"users": list[Profile]})
    async def get(self, query: SearchQuery) -> None:
        """Find other members by the beginning of their names."""
        found = await self.services.people.search(self.principal, query.query, query.limit)
        self.answer({"users": to_payload(found)})


class BanHandler(ApiHandler):
    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"POST": "user.ban", "DELETE": "user.unban"}
    audited_fields = ("reason",)

    @operation(body=BanBody)
    async def post(self, user_id: str, body: BanBody) -> None:
        """Ban a user: every login session ends."""
        await self.services.moderation.ban(user_id, body.reason)
        self.answer(None)

    @operation()
    async def delete(self, user_id: str) -> None:
        """Lift a ban."""
        await self.services.moderation.unban(user_id)
        self.answer(None)


class RoleHandler(ApiHandler):
    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"PATCH": "user.role"}
    audited_fields = ("role",)

    @operation(body=RoleBody, answers=User, errors=(ErrorCode.CONFLICT,))
    async def patch(self, user_id: str, body: RoleBody) -> None:
        """Give a user another role."""
        user = await self.services.moderation.set_role(self.actor, user_id, Role(body.role))
        self.answer(to_payload(user))
