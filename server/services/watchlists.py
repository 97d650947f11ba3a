"""Watchlists: a user's lists of stocks, in the user's order, the same on all devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from server.clock import Clock
from server.domain.rooms import user_room
from server.domain.users import Principal
from server.domain.watchlists import Watchlist, WatchlistItem
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.market.quotes import quote_json
from server.realtime.hub import Publisher
from server.services.input_text import checked_text
from server.services.rate_limits import count_attempt
from server.services.stocks import StockService
from server.storage.documents import new_id
from server.storage.watchlists import WatchlistRepository

MAX_LISTS = 20
MAX_ITEMS = 200
MAX_NAME_CHARACTERS = 64
MAX_NOTE_CHARACTERS = 200

READ_RATE = Rate(20, 2)
"""A look may have to show 4,000 stocks."""

CHANGE_RATE = Rate(40, 4)
MAX_KEPT = 20_000
"""Members whose rates are remembered."""

Lists = tuple[Watchlist, ...]
Items = tuple[WatchlistItem, ...]
ItemsChange = Callable[[Items], Items]
Some = TypeVar("Some")


class NewItem(Struct, frozen=True):
    """A stock by its code or symbol, as a user gives it."""

    symbol: str
    note: str = ""


class WatchlistService:
    """Each change is one compare-and-set of all the user's lists, made anew when another one came between.

    The first list of every user is the default one; it cannot be deleted and its id is the user's.
    """

    def __init__(
        self, watchlists: WatchlistRepository, stocks: StockService, publisher: Publisher, clock: Clock
    ) -> None:
        self._watchlists = watchlists
        self._stocks = stocks
        self._publisher = publisher
        self._clock = clock
        self._reads = TokenBuckets(READ_RATE, MAX_KEPT)
        self._changes = TokenBuckets(CHANGE_RATE, MAX_KEPT)

    # Lists.

    async def watchlists(self, principal: Principal) -> list[dict[str, Any]]:
        """Return all lists as answers show them; RequestError (rate_limited)."""
        count_attempt(self._reads, principal.user_id, self._clock.monotonic(), "looks at your watchlists")
        found = await self._watchlists.find(principal.user_id)
        return [self._shown(principal.user_id, found.lists, n) for n in range(len(found.lists))]

    async def create(self, principal: Principal, name: str) -> dict[str, Any]:
        """Add an empty list at the end; RequestError (invalid_input, conflict, rate_limited)."""
        created = Watchlist(new_id(), _list_name(name))

        def add(lists: Lists) -> Lists:
            if len(lists) >= MAX_LISTS:
                raise RequestError(ErrorCode.CONFLICT, f"you have {MAX_LISTS} watchlists, which is the most allowed")
            return (*lists, created)

        return self._tell(principal, await self._change(principal, add), created.id)

    async def update(
        self, principal: Principal, watchlist_id: str, name: str | None, position: int | None
    ) -> dict[str, Any]:
        """Rename a list, move it among the user's lists, or both.

        Raises RequestError: not_found, invalid_input, rate_limited.
        """
        if name is None and position is None:
            raise RequestError(ErrorCode.INVALID_INPUT, "got nothing to change; allowed are name and position")
        new_name = None if name is None else _list_name(name)

        def rename_and_move(lists: Lists) -> Lists:
            place, present = _find(lists, watchlist_id)
            changed = replace(
                present, name=present.name if new_name is None else new_name, revision=present.revision + 1
            )
            return _placed((*lists[:place], *lists[place + 1 :]), changed, place if position is None else position)

        return self._tell(principal, await self._change(principal, rename_and_move), watchlist_id)

    async def remove(self, principal: Principal, watchlist_id: str) -> None:
        """Delete a list; RequestError (not_found, conflict for the default one, rate_limited)."""

        def without(lists: Lists) -> Lists:
            place, _ = _find(lists, watchlist_id)
            if watchlist_id == principal.user_id:
                raise RequestError(ErrorCode.CONFLICT, "the default watchlist cannot be deleted")
            return (*lists[:place], *lists[place + 1 :])

        await self._change(principal, without)
        self._publisher.publish(user_room(principal.user_id), "watchlist_removed", {"watchlist_id": watchlist_id})

    # Their items.

    async def set_items(
        self, principal: Principal, watchlist_id: str, items: Sequence[NewItem], revision: int
    ) -> dict[str, Any]:
        """Replace all items of a list, if it still is at the revision that was looked at.

        Raises RequestError: not_found, invalid_input, rate_limited, conflict with the present ``watchlist``.
        """
        if len(items) > MAX_ITEMS:
            raise RequestError(ErrorCode.INVALID_INPUT, f"got {len(items)} items, at most {MAX_ITEMS} are allowed")
        new = tuple(self._item(item) for item in items)
        twice = [symbol for symbol, times in Counter(item.symbol for item in new).items() if times > 1]
        if twice:
            raise RequestError(ErrorCode.INVALID_INPUT, f"{twice[0]} is in the items more than once")

        def set_all(lists: Lists) -> Lists:
            place, present = _find(lists, watchlist_id)
            if present.revision != revision:
                raise RequestError(
                    ErrorCode.CONFLICT,
                    f"the watchlist is at revision {present.revision}, not {revision}: look at it again",
                    watchlist=self._shown(principal.user_id, lists, place),
                )
            return _with_items(lists, watchlist_id, lambda _: new)

        return self._tell(principal, await self._change(principal, set_all), watchlist_id)

    async def add_item(
        self, principal: Principal, watchlist_id: str, item: NewItem, position: int | None
    ) -> dict[str, Any]:
        """Add a stock, at the end unless a position is given.

        Raises RequestError: not_found, invalid_input, conflict when it is there or the list is full, rate_limited.
        """
        new = self._item(item)

        def add(items: Items) -> Items:
            if any(present.symbol == new.symbol for present in items):
                raise RequestError(ErrorCode.CONFLICT, f"{new.symbol} is in this watchlist already")
            if len(items) >= MAX_ITEMS:
                raise RequestError(ErrorCode.CONFLICT, f"this watchlist has {MAX_ITEMS} items, the most allowed")
            return _placed(items, new, len(items) if position is None else position)

        return await self._change_items(principal, watchlist_id, add)

    async def update_item(
        self, principal: Principal, watchlist_id: str, name: str, note: str | None, position: int | None
    ) -> dict[str, Any]:
        """Change a stock's note, move it within its list, or both.

        Raises RequestError: not_found, invalid_input, rate_limited.
        """
        if note is None and position is None:
            raise RequestError(ErrorCode.INVALID_INPUT, "got nothing to change; allowed are note and position")
        new_note = None if note is None else _note(note)

        def change(items: Items) -> Items:
            place, present = self._find_item(items, name)
            changed = present if new_note is None else replace(present, note=new_note)
            return _placed((*items[:place], *items[place + 1 :]), changed, place if position is None else position)

        return await self._change_items(principal, watchlist_id, change)

    async def remove_item(self, principal: Principal, watchlist_id: str, name: str) -> dict[str, Any]:
        """Take a stock out of a list; RequestError (not_found, rate_limited)."""

        def without(items: Items) -> Items:
            place, _ = self._find_item(items, name)
            return (*items[:place], *items[place + 1 :])

        return await self._change_items(principal, watchlist_id, without)

    def _item(self, item: NewItem) -> WatchlistItem:
        return WatchlistItem(self._stocks.named(item.symbol).symbol, _note(item.note))

    def _find_item(self, items: Items, name: str) -> tuple[int, WatchlistItem]:
        symbol = self._stocks.symbol(name)
        for place, item in enumerate(items):
            if item.symbol == symbol:
                return place, item
        raise RequestError(ErrorCode.NOT_FOUND, "there is no such stock in this watchlist")

    # Changing and telling.

    async def _change_items(self, principal: Principal, watchlist_id: str, change: ItemsChange) -> dict[str, Any]:
        lists = await self._change(principal, lambda lists: _with_items(lists, watchlist_id, change))
        return self._tell(principal, lists, watchlist_id)

    async def _change(self, principal: Principal, change: Callable[[Lists], Lists]) -> Lists:
        """Change the present lists and return what they are then, whatever others change at the moment."""
        count_attempt(self._changes, principal.user_id, self._clock.monotonic(), "changes of your watchlists")
        while True:
            present = await self._watchlists.find(principal.user_id)
            lists = change(present.lists)
            if await self._watchlists.replace(principal.user_id, lists, present.version):
                return lists

    def _tell(self, principal: Principal, lists: Lists, watchlist_id: str) -> dict[str, Any]:
        """Tell the user's devices of a changed list, and return it; who is behind gets the newest alone."""
        shown = self._shown(principal.user_id, lists, _find(lists, watchlist_id)[0])
        self._publisher.publish(
            user_room(principal.user_id),
            "watchlist_updated",
            {"watchlist": shown},
            supersedes=("watchlist", watchlist_id),
        )
        return shown

    def _shown(self, user_id: str, lists: Lists, place: int) -> dict[str, Any]:
        watchlist = lists[place]
        return {
            "id": watchlist.id,
            "name": watchlist.name,
            "is_default": watchlist.id == user_id,
            "position": place,
            "revision": watchlist.revision,
            "items": [self._shown_item(item) for item in watchlist.items],
        }

    def _shown_item(self, item: WatchlistItem) -> dict[str, Any]:
        shown = {**self._stocks.label(item.symbol), "note": item.note}
        quote = self._stocks.quote_of(item.symbol)
        return shown if quote is None else {**shown, "quote": quote_json(quote)}


def _find(lists: Lists, watchlist_id: str) -> tuple[int, Watchlist]:
    for place, watchlist in enumerate(lists):
        if watchlist.id == watchlist_id:
            return place, watchlist
    raise RequestError(ErrorCode.NOT_FOUND, "there is no such watchlist of yours")


def _with_items(lists: Lists, watchlist_id: str, change: ItemsChange) -> Lists:
    place, present = _find(lists, watchlist_id)
    changed = replace(present, items=change(present.items), revision=present.revision + 1)
    return (*lists[:place], changed, *lists[place + 1 :])


def _placed(others: tuple[Some, ...], one: Some, position: int) -> tuple[Some, ...]:
    """Put one among others; beyond the end is the end."""
    return (*others[:position], one, *others[position:])


def _list_name(name: str) -> str:
    return checked_text("name", name.strip(), 1, MAX_NAME_CHARACTERS)


def _note(note: str) -> str:
    return checked_text("note", note.strip(), 0, MAX_NOTE_CHARACTERS)
