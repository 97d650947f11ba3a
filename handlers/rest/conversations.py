"""Conversations and their history."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.payloads import to_payload

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class HistoryQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    before_seq: Seq | None = None
    after_seq: Seq | None = None
    limit: Annotated[int, Meta(ge=1)] = 50


class ConversationsHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer({"conversations": to_payload(await self.services.conversations.conversations(self.principal))})


class HistoryHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self, conversation_id: str) -> None:
        query = self.query(HistoryQuery)
        page = await self.services.messages.history(
            self.principal, conversation_id, query.before_seq, query.after_seq, query.limit
        )
        self.answer(to_payload(page))
