"""The queries of `FeedPositionRepository`."""

from __future__ import annotations

from server.domain.feeds import FeedPosition
from server.storage.feed_positions import FeedPositionRepository
from tests.support.plans import row

DOCUMENTS = {"feed_positions": [{"_id": f"stream{n}", "last_id": "1-0", "quotes": b"[]"} for n in range(500)]}

ROWS = (
    row(FeedPositionRepository.store, "stream7", FeedPosition("2-0", [])),
    row(FeedPositionRepository.find, "stream7"),
)
