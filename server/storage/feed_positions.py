"""How far each feeder's stream has been read."""

from __future__ import annotations

import msgspec

from server.domain.feeds import FeedPosition
from server.domain.quotes import Quote
from server.storage.availability import database_call
from server.storage.documents import Database

_quotes: msgspec.json.Decoder[list[Quote]] = msgspec.json.Decoder(list[Quote])


class FeedPositionRepository:
    """The collection ``feed_positions``: one document for each stream, by its name."""

    def __init__(self, database: Database) -> None:
        self._positions = database["feed_positions"]

    @database_call
    async def store(self, stream: str, position: FeedPosition) -> None:
        """Keep a position in place of the one before."""
        # The quotes are thousands of small objects that nobody asks for one by one.
        values = {"last_id": position.last_id, "quotes": msgspec.json.encode(position.quotes)}
        await self._positions.replace_one({"_id": stream}, values, upsert=True)

    @database_call
    async def find(self, stream: str) -> FeedPosition | None:
        """Return the position that was kept."""
        document = await self._positions.find_one({"_id": stream})
        return None if document is None else FeedPosition(document["last_id"], _quotes.decode(document["quotes"]))
