"""Users as themselves."""

from __future__ import annotations

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.payloads import to_payload


class MeHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer(to_payload(await self.services.accounts.me(self.principal)))
