"""Watchlists and their items."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.services.watchlists import NewItem

MAX_ITEMS_BYTES = 512 * 1024
"""200 items with notes of 200 characters, each of which JSON may write as twelve bytes."""

Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class WatchlistBody(Struct):
    name: str


class WatchlistChange(Struct):
    name: str | None = None
    position: Number | None = None


class ItemsBody(Struct):
    items: list[NewItem]
    revision: Number


class ItemBody(Struct):
    symbol: str
    note: str = ""
    position: Number | None = None


class ItemChange(Struct):
    note: str | None = None
    position: Number | None = None


class WatchlistsHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        self.answer({"watchlists": await self.services.watchlists.watchlists(self.principal)})

    async def post(self) -> None:
        created = await self.services.watchlists.create(self.principal, self.body(WatchlistBody).name)
        self.answer(created, status=201, message="rest.created")


class WatchlistHandler(ApiHandler):
    access = Access.MEMBER

    async def patch(self, watchlist_id: str) -> None:
        change = self.body(WatchlistChange)
        self.answer(await self.services.watchlists.update(self.principal, watchlist_id, change.name, change.position))

    async def delete(self, watchlist_id: str) -> None:
        await self.services.watchlists.remove(self.principal, watchlist_id)
        self.answer(None)


class WatchlistItemsHandler(ApiHandler):
    access = Access.MEMBER
    max_body_bytes: ClassVar[int] = MAX_ITEMS_BYTES

    async def put(self, watchlist_id: str) -> None:
        body = self.body(ItemsBody)
        self.answer(await self.services.watchlists.set_items(self.principal, watchlist_id, body.items, body.revision))

    async def post(self, watchlist_id: str) -> None:
        body = self.body(ItemBody)
        item = NewItem(body.symbol, body.note)
        changed = await self.services.watchlists.add_item(self.principal, watchlist_id, item, body.position)
        self.answer(changed, status=201, message="rest.created")


class WatchlistItemHandler(ApiHandler):
    access = Access.MEMBER

    async def patch(self, watchlist_id: str, symbol: str) -> None:
        change = self.body(ItemChange)
        self.answer(
            await self.services.watchlists.update_item(
                self.principal, watchlist_id, symbol, change.note, change.position
            )
        )

    async def delete(self, watchlist_id: str, symbol: str) -> None:
        self.answer(await self.services.watchlists.remove_item(self.principal, watchlist_id, symbol))
