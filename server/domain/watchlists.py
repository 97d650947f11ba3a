"""The stocks that a user watches: named lists, in the user's order."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from server.domain.quotes import QuoteView


class WatchlistItem(Struct, frozen=True):
    """One stock of a list, with what the user notes about it."""

    symbol: str
    note: str = ""


class Watchlist(Struct, frozen=True):
    """One list; its revision grows with every change of its name or its items."""

    id: str
    name: str
    items: tuple[WatchlistItem, ...] = ()
    revision: int = 0


class Watchlists(Struct, frozen=True):
    """All lists of one user, in order; the version grows with every change of any."""

    lists: tuple[Watchlist, ...]
    version: int = 0


class ItemView(Struct, frozen=True):
    """One stock of a list as its user sees it, with the present quote, if there is one."""

    code: str
    symbol: str
    name: str
    note: str
    quote: QuoteView | UnsetType = UNSET


class WatchlistView(Struct, frozen=True):
    """A list as its user sees it."""

    id: str
    name: str
    is_default: bool
    position: int
    revision: int
    items: list[ItemView]
