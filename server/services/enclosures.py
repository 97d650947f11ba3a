"""What a message encloses beside its content, by its type: a stock card, or a file."""

from __future__ import annotations

from typing import NamedTuple

from server.domain.files import Attachment
from server.domain.messages import StockCard
from server.services.files import FileService
from server.services.stock_cards import StockCards


class Enclosed(NamedTuple):
    """At most one of these."""

    stock: StockCard | None = None
    file: Attachment | None = None


class Enclosures:
    """Looks up what the sender names."""

    def __init__(self, stock_cards: StockCards, files: FileService) -> None:
        self._stock_cards = stock_cards
        self._files = files

    async def find(self, user_id: str, message_type: str, content: str, file_id: str | None) -> Enclosed:
        """Return what a message of this type encloses; a file counts as attached from here on.

        Raises RequestError (invalid_input) when it is not there, or not the sender's.
        """
        if message_type == "stock":
            return Enclosed(stock=self._stock_cards.card(content))
        if file_id is not None:
            return Enclosed(file=await self._files.attach(user_id, file_id, only_picture=message_type == "image"))
        return Enclosed()
