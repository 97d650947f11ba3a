"""How far the stream of a feeder has been read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from server.domain.quotes import Quote


class FeedPosition(msgspec.Struct, frozen=True):
    """The entry that was read last, and the newest quote of every instrument up to it."""

    last_id: str
    quotes: Sequence[Quote]
