"""What operators hand out and look up: service keys, users and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.audit import AuditEntry
from server.domain.payloads import to_payload
from server.domain.service_keys import Scope, ServiceKey
from server.domain.users import Standing, UserView
from server.errors import ErrorCode, RequestError


class KeyBody(Struct):
    """``expires_at`` bears its offset; without it the key holds until it is revoked."""

    name: str
    scopes: list[Scope]
    expires_at: datetime | None = None


class AuditQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    before: str = ""
    actor: str = ""
    action: str = ""
    limit: Annotated[int, Meta(ge=1)] = 50


class UserListQuery(Struct):
    """``after`` is the username of the last one seen; a ``query`` is asked for without it.

    ``limit`` above the most that is given counts as the most.
    """

    query: str = ""
    standing: Standing | None = None
    after: str = ""
    limit: Annotated[int, Meta(ge=1)] = 50


class ServiceKeysHandler(ApiHandler):
    """A key's text is told once, in the answer that makes it."""

    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"POST": "service_key.create"}
    audited_fields = ("name", "scopes", "expires_at")

    @operation(answers={"service_keys": list[ServiceKey]})
    async def get(self) -> None:
        """List the service keys."""
        self.answer({"service_keys": to_payload(await self.services.service_keys.list())})

    @operation(
        body=KeyBody, answers={"service_key": ServiceKey, "key": str}, status=201, errors=(ErrorCode.LIMIT_REACHED,)
    )
    async def post(self, body: KeyBody) -> None:
        """Make a service key, whose text is told this once."""
        made, text = await self.services.service_keys.create(self.actor, body.name, body.scopes, body.expires_at)
        self.answer({"service_key": to_payload(made), "key": text})


class ServiceKeyHandler(ApiHandler):
    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"DELETE": "service_key.revoke"}

    @operation()
    async def delete(self, key_id: str) -> None:
        """Revoke a service key."""
        await self.services.service_keys.revoke(key_id)
        self.answer(None)


class UserListHandler(ApiHandler):
    """Everyone, by username, with what members do not see of each other."""

    access = Access.OPERATOR

    @operation(query=UserListQuery, answers={"users": list[UserView], "has_more": bool})
    async def get(self, query: UserListQuery) -> None:
        """List the users, with roles and bans."""
        if query.query and query.after:
            raise RequestError(ErrorCode.INVALID_INPUT, "query is asked for without after")
        moderation = self.services.moderation
        found, has_more = await (
            moderation.named(query.query, query.standing, query.limit)
            if query.query
            else moderation.listed(query.standing, query.after, query.limit)
        )
        self.answer({"users": to_payload(found), "has_more": has_more})


class AuditHandler(ApiHandler):
    """Who did what, the newest first; ``before`` is the id of the last one seen."""

    access = Access.OPERATOR

    @operation(query=AuditQuery, answers={"entries": list[AuditEntry]})
    async def get(self, query: AuditQuery) -> None:
        """Show who did what."""
        entries = await self.services.audit.newest(query.actor, query.action, query.before, query.limit)
        self.answer({"entries": to_payload(entries)})
