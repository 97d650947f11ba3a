"""Prices that change while somebody looks at them."""

from __future__ import annotations

import json
import threading
from typing import Self
from urllib.request import Request, urlopen

from benchmarks.prices.listing import Listing

PATIENCE_SECONDS = 30.0
TURNS_A_SECOND = 10


class Pushes:
    """Pushes ``changes`` other quotes a second, a tenth of them at a time, while the block lasts."""

    def __init__(self, url: str, listing: Listing, changes: int) -> None:
        self._url = f"{url}api/websocket/push/prices"
        self._listing = listing
        self._changes = max(1, changes // TURNS_A_SECOND)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.count = 0
        """How many pushes there were."""

    def __enter__(self) -> Self:
        self._push(json.loads(self._listing.quotes(0)))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(1 / TURNS_A_SECOND):
            self.count += 1
            quotes = json.loads(self._listing.quotes(self.count))
            begin = self.count * self._changes % len(quotes)
            self._push((quotes + quotes)[begin : begin + self._changes])

    def _push(self, quotes: list[object]) -> None:
        body = json.dumps(quotes).encode()
        request = Request(self._url, body, {"Content-Type": "application/json"})  # noqa: S310 - it is our own server
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            answer.read()
