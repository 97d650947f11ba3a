"""The queries of `WatchlistRepository`."""

from __future__ import annotations

from server.domain.watchlists import Watchlist
from server.storage.watchlists import WatchlistRepository
from tests.support.plans import row

LISTS = (Watchlist("list", "mine"),)

DOCUMENTS = {
    "watchlists": [
        {"_id": f"user{n}", "version": 1, "lists": [{"id": "list", "name": "mine", "items": [], "revision": 0}]}
        for n in range(500)
    ]
}

ROWS = (
    row(WatchlistRepository.find, "user7"),
    row(WatchlistRepository.replace, "user7", LISTS, 1),
    row(WatchlistRepository.replace, "newcomer", LISTS, 0),
)
