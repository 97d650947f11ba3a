"""Conversations, their history, and groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.conversations import ConversationView, Role
from server.domain.payloads import to_payload

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class HistoryQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    before_seq: Seq | None = None
    after_seq: Seq | None = None
    limit: Annotated[int, Meta(ge=1)] = 50


class NewGroup(Struct):
    """The maker is a member anyway."""

    name: str
    member_ids: list[str]


class NewName(Struct):
    name: str


class NewMembers(Struct):
    user_ids: list[str]


class NewRole(Struct):
    role: Role


class NewSettings(Struct):
    """What is absent stays as it is; null as ``muted_until`` ends the muting."""

    pinned: bool | UnsetType = UNSET
    muted_until: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET


class ConversationsHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer({"conversations": to_payload(await self.services.conversations.conversations(self.principal))})

    async def post(self) -> None:
        body = self.body(NewGroup)
        made = await self.services.groups.create(self.principal, body.name, body.member_ids)
        self.answer(_shown(made), status=201, message="rest.created")


class ConversationHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self, conversation_id: str) -> None:
        self.answer(_shown(await self.services.conversations.show(self.principal.user_id, conversation_id)))

    async def patch(self, conversation_id: str) -> None:
        name = self.body(NewName).name
        self.answer(_shown(await self.services.groups.rename(self.principal, conversation_id, name)))


class ConversationSettingsHandler(ApiHandler):
    access = Access.MEMBER

    async def patch(self, conversation_id: str) -> None:
        body = self.body(NewSettings)
        view = await self.services.conversations.set(self.principal, conversation_id, body.pinned, body.muted_until)
        self.answer(_shown(view))


class MembersHandler(ApiHandler):
    access = Access.MEMBER

    async def post(self, conversation_id: str) -> None:
        user_ids = self.body(NewMembers).user_ids
        self.answer(_shown(await self.services.groups.add(self.principal, conversation_id, user_ids)))


class MemberHandler(ApiHandler):
    access = Access.MEMBER

    async def patch(self, conversation_id: str, user_id: str) -> None:
        role = self.body(NewRole).role
        self.answer(_shown(await self.services.groups.set_role(self.principal, conversation_id, user_id, role)))

    async def delete(self, conversation_id: str, user_id: str) -> None:
        await self.services.groups.remove(self.principal, conversation_id, user_id)
        self.answer(None)


class HistoryHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self, conversation_id: str) -> None:
        query = self.query(HistoryQuery)
        page = await self.services.messages.history(
            self.principal, conversation_id, query.before_seq, query.after_seq, query.limit
        )
        self.answer(to_payload(page))


def _shown(view: ConversationView) -> dict[str, object]:
    return {"conversation": to_payload(view)}
