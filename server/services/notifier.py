"""How one service tells users by another, which stores and delivers it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Notifier(Protocol):
    """What services know of notifications that others are to be told by."""

    async def notify(
        self,
        user_ids: Collection[str],
        *,
        type: str,  # noqa: A002 - as the stored notification calls it
        title: str,
        content: str,
        link: str,
        source: str,
    ) -> None:
        """Store a notification for each user, and deliver it."""
