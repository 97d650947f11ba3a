"""The stocks that a user watches: named lists, in the user's order."""

from __future__ import annotations

from msgspec import Struct


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
