"""Conversations, their history, and groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.conversations import ConversationView, Role
from server.domain.messages import Page, Search, Surroundings
from server.domain.payloads import to_payload
from server.errors import ErrorCode, RequestError

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class HistoryQuery(Struct):
    """``limit`` above the most that is given counts as the most. A place is asked for alone."""

    before_seq: Seq | None = None
    after_seq: Seq | None = None
    limit: Annotated[int, Meta(ge=1)] = 50
    q: str | None = None
    type: str | None = None
    sender_id: str | None = field(default=None, name="from")
    since: str | None = None
    until: str | None = None
    around_seq: Seq | None = None
    at: str | None = None

    @property
    def place(self) -> int | datetime | None:
        """Return around what the history is asked for; RequestError (invalid_input) when that is not all."""
        if self.around_seq is None and self.at is None:
            return None
        numbers = (self.before_seq, self.after_seq, self.q, self.type, self.sender_id, self.since, self.until)
        if any(other is not None for other in numbers) or (self.around_seq is not None and self.at is not None):
            raise RequestError(ErrorCode.INVALID_INPUT, "around_seq and at are given alone, or with limit")
        return self.around_seq if self.at is None else _moment("at", self.at)

    @property
    def search(self) -> Search | None:
        """Return what is searched for; None when nothing is, and a part of the history is asked for."""
        sought = (self.q, self.type, self.sender_id, self.since, self.until)
        if all(value is None for value in sought):
            return None
        return Search(
            text=self.q,
            type=self.type,
            sender_id=self.sender_id,
            since=None if self.since is None else _moment("since", self.since),
            until=None if self.until is None else _moment("until", self.until),
            before_seq=self.before_seq,
            after_seq=self.after_seq or 0,
        )


class NewGroup(Struct):
    """``members`` are ids of users; the maker is one anyway."""

    name: str
    members: list[str]


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


_CONVERSATION = {"conversation": ConversationView}
_GROUP_ERRORS = (ErrorCode.FORBIDDEN, ErrorCode.NOT_FRIENDS, ErrorCode.LIMIT_REACHED)


class ConversationsHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers={"conversations": list[ConversationView]})
    async def get(self) -> None:
        """List the caller's conversations."""
        self.answer({"conversations": to_payload(await self.services.conversations.conversations(self.principal))})

    @operation(body=NewGroup, answers=_CONVERSATION, status=201, errors=_GROUP_ERRORS)
    async def post(self, body: NewGroup) -> None:
        """Make a group."""
        self.answer(_shown(await self.services.groups.create(self.principal, body.name, body.members)))


class ConversationHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers=_CONVERSATION)
    async def get(self, conversation_id: str) -> None:
        """Show a conversation with all its members."""
        self.answer(_shown(await self.services.conversations.show(self.principal.user_id, conversation_id)))

    @operation(body=NewName, answers=_CONVERSATION, errors=(ErrorCode.FORBIDDEN, ErrorCode.CONFLICT))
    async def patch(self, conversation_id: str, body: NewName) -> None:
        """Rename a group."""
        self.answer(_shown(await self.services.groups.rename(self.principal, conversation_id, body.name)))


class ConversationSettingsHandler(ApiHandler):
    access = Access.MEMBER

    @operation(body=NewSettings, answers=_CONVERSATION, errors=(ErrorCode.LIMIT_REACHED,))
    async def patch(self, conversation_id: str, body: NewSettings) -> None:
        """Pin or mute a conversation for oneself."""
        view = await self.services.conversations.set(self.principal, conversation_id, body.pinned, body.muted_until)
        self.answer(_shown(view))


class MembersHandler(ApiHandler):
    access = Access.MEMBER

    @operation(body=NewMembers, answers=_CONVERSATION, errors=_GROUP_ERRORS)
    async def post(self, conversation_id: str, body: NewMembers) -> None:
        """Add members to a group."""
        self.answer(_shown(await self.services.groups.add(self.principal, conversation_id, body.user_ids)))


class MemberHandler(ApiHandler):
    access = Access.MEMBER

    @operation(body=NewRole, answers=_CONVERSATION, errors=(ErrorCode.FORBIDDEN, ErrorCode.CONFLICT))
    async def patch(self, conversation_id: str, user_id: str, body: NewRole) -> None:
        """Give a member of a group another role."""
        self.answer(_shown(await self.services.groups.set_role(self.principal, conversation_id, user_id, body.role)))

    @operation(errors=(ErrorCode.FORBIDDEN, ErrorCode.CONFLICT))
    async def delete(self, conversation_id: str, user_id: str) -> None:
        """Remove a member from a group, or leave it."""
        await self.services.groups.remove(self.principal, conversation_id, user_id)
        self.answer(None)


class HistoryHandler(ApiHandler):
    access = Access.MEMBER

    @operation(query=HistoryQuery, answers=(Page, Surroundings), errors=(ErrorCode.UNAVAILABLE,))
    async def get(self, conversation_id: str, query: HistoryQuery) -> None:
        """Read, search or look around in a conversation's history."""
        self.answer(to_payload(await self._messages(conversation_id, query)))

    async def _messages(self, conversation_id: str, query: HistoryQuery) -> Page | Surroundings:
        place, search = query.place, query.search
        if place is not None:
            return await self.services.finder.around(self.principal, conversation_id, place, query.limit)
        if search is not None:
            return await self.services.finder.search(self.principal, conversation_id, search, query.limit)
        return await self.services.messages.history(
            self.principal, conversation_id, query.before_seq, query.after_seq, query.limit
        )


def _shown(view: ConversationView) -> dict[str, object]:
    return {"conversation": to_payload(view)}


def _moment(name: str, text: str) -> datetime:
    """Return a time that was given as ISO 8601 with offset; a ``+`` that became a space in the URL is one again."""
    try:
        moment = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise RequestError(
        ErrorCode.INVALID_INPUT,
        f"got {name} {text[:40]!r}, allowed is a time as ISO 8601 with offset, such as 2026-01-05T10:00:00+08:00",
    )
