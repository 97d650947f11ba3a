"""What operators decide about accounts."""

from __future__ import annotations

import msgspec

from server.clock import Clock
from server.domain.audit import Actor
from server.domain.ids import is_id
from server.domain.users import Role, Standing, User, UserView
from server.errors import ErrorCode, RequestError
from server.services.accounts import AccountService
from server.services.input_text import checked_text
from server.services.people import MAX_QUERY_CHARACTERS
from server.storage.users import UserRepository

MAX_REASON_CHARACTERS = 500
MAX_LISTED = 100


class ModerationService:
    """Closes accounts to their owners, and opens them again."""

    def __init__(self, users: UserRepository, accounts: AccountService, clock: Clock) -> None:
        self._users = users
        self._accounts = accounts
        self._clock = clock

    async def listed(self, standing: Standing | None, after: str, limit: int) -> tuple[list[UserView], bool]:
        """Return a part of the users by username, those after ``after``, and whether more follow."""
        limit = min(limit, MAX_LISTED)
        found = await self._users.listed(standing, after, limit + 1)
        return found[:limit], len(found) > limit

    async def named(self, query: str, standing: Standing | None, limit: int) -> tuple[list[UserView], bool]:
        """Return users whose username or display name begins with ``query``, and whether there are more.

        Raises RequestError: invalid_input.
        """
        limit = min(limit, MAX_LISTED)
        prefix = checked_text("query", query.strip(), 1, MAX_QUERY_CHARACTERS)
        found = await self._users.search(prefix, "", limit + 1, standing)
        views = await self._users.views(one.id for one in found[:limit])
        return [views[one.id] for one in found if one.id in views], len(found) > limit

    async def ban(self, user_id: str, reason: str) -> None:
        """Let a user no longer sign in, and cut all that is open; once more, the reason is replaced.

        Raises RequestError: not_found, forbidden for an operator, invalid_input.
        """
        reason = checked_text("reason", reason.strip(), 0, MAX_REASON_CHARACTERS)
        if not await self._users.ban(user_id, reason, self._clock.now()):
            if not is_id(user_id) or await self._users.find(user_id) is None:
                raise _unknown()
            raise RequestError(ErrorCode.FORBIDDEN, "operators cannot be banned")
        await self._accounts.logout_everywhere(user_id)

    async def set_role(self, actor: Actor, user_id: str, role: Role) -> User:
        """Make an operator or a plain member of a user; what a former operator has open is cut.

        Raises RequestError: not_found, forbidden for one's own role: so the last operator cannot be lost.
        """
        user = await self._users.find(user_id) if is_id(user_id) else None
        if user is None:
            raise _unknown()
        if user.id == actor.id:
            raise RequestError(ErrorCode.FORBIDDEN, "nobody changes one's own role; another operator can")
        if role is Role.OPERATOR:
            await self._users.promote(user.id)
        else:
            await self._users.demote(user.id)
            await self._accounts.logout_everywhere(user.id)
        return msgspec.structs.replace(user, role=role)

    async def unban(self, user_id: str) -> None:
        """Let a user sign in again; RequestError (not_found) when there is none."""
        if not await self._users.unban(user_id):
            raise _unknown()


def _unknown() -> RequestError:
    return RequestError(ErrorCode.NOT_FOUND, "there is no such user")
