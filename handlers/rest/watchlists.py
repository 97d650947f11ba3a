"""Watchlists and their items."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.watchlists import WatchlistView
from server.errors import ErrorCode
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

    @operation(answers={"watchlists": list[WatchlistView]})
    async def get(self) -> None:
        """List the caller's watchlists."""
        self.answer({"watchlists": await self.services.watchlists.watchlists(self.principal)})

    @operation(body=WatchlistBody, answers=WatchlistView, status=201, errors=(ErrorCode.CONFLICT,))
    async def post(self, body: WatchlistBody) -> None:
        """Add an empty watchlist at the end."""
        self.answer(await self.services.watchlists.create(self.principal, body.name))


class WatchlistHandler(ApiHandler):
    access = Access.MEMBER

    @operation(body=WatchlistChange, answers=WatchlistView)
    async def patch(self, watchlist_id: str, body: WatchlistChange) -> None:
        """Rename or move a watchlist."""
        self.answer(await self.services.watchlists.update(self.principal, watchlist_id, body.name, body.position))

    @operation(errors=(ErrorCode.CONFLICT,))
    async def delete(self, watchlist_id: str) -> None:
        """Delete a watchlist."""
        await self.services.watchlists.remove(self.principal, watchlist_id)
        self.answer(None)


class WatchlistItemsHandler(ApiHandler):
    access = Access.MEMBER
    max_body_bytes: ClassVar[int] = MAX_ITEMS_BYTES

    @operation(body=ItemsBody, answers=WatchlistView, errors=(ErrorCode.CONFLICT,))
    async def put(self, watchlist_id: str, body: ItemsBody) -> None:
        """Replace all items of a watchlist."""
        self.answer(await self.services.watchlists.set_items(self.principal, watchlist_id, body.items, body.revision))

    @operation(body=ItemBody, answers=WatchlistView, status=201, errors=(ErrorCode.CONFLICT,))
    async def post(self, watchlist_id: str, body: ItemBody) -> None:
        """Put a stock into a watchlist."""
        item = NewItem(body.symbol, body.note)
        self.answer(await self.services.watchlists.add_item(self.principal, watchlist_id, item, body.position))


class WatchlistItemHandler(ApiHandler):
    access = Access.MEMBER

    @operation(body=ItemChange, answers=WatchlistView)
    async def patch(self, watchlist_id: str, symbol: str, body: ItemChange) -> None:
        """Change the note of an item, or move it."""
        changed = self.services.watchlists.update_item(self.principal, watchlist_id, symbol, body.note, body.position)
        self.answer(await changed)

    @operation(answers=WatchlistView)
    async def delete(self, watchlist_id: str, symbol: str) -> None:
        """Take a stock out of a watchlist."""
        self.answer(await self.services.watchlists.remove_item(self.principal, watchlist_id, symbol))
