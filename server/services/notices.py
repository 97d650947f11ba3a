"""What the product itself notifies users of, in their own language."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from server.domain.friends import FriendRequest
from server.domain.known_texts import KnownText, Value
from server.domain.users import Profile
from server.services.notifications import Notice, NotificationService, Words

logger = logging.getLogger(__name__)

MAX_UNDER_WAY = 1000
"""So many notices are written at the same time; while the database is away, more are lost."""


class Phrase(Protocol):
    """Returns a text that people read, by its language and key."""

    def __call__(self, locale: str, key: str, **values: object) -> str: ...


def words_of(phrase: Phrase, key: str, **values: Value) -> Callable[[str], Words]:
    """Return what stands under ``notices.<key>`` in a language."""
    text = KnownText(f"notices.{key}", values)

    def in_language(locale: str) -> Words:
        title, content = (phrase(locale, f"{text.key}.{part}", **values) for part in ("title", "content"))
        return Words(title, content, text)

    return in_language


class FriendNotices(Protocol):
    """What friends are notified of."""

    def friend_requested(self, request: FriendRequest, who_sees: Collection[str]) -> None:
        """Tell who is asked, if the request is shown to them."""

    def friend_accepted(self, request: FriendRequest) -> None:
        """Tell who has asked."""


class Notices:
    """Writes notices in the background: what they tell of has happened, and does not wait for them."""

    def __init__(self, notifications: NotificationService, phrase: Phrase) -> None:
        self._notifications = notifications
        self._phrase = phrase
        self._under_way: set[asyncio.Task[None]] = set()

    def friend_requested(self, request: FriendRequest, who_sees: Collection[str]) -> None:
        """See `FriendNotices`."""
        if request.to_user.id in who_sees:
            self._tell_of_friend(request.to_user.id, "friend_request", request.from_user, "/#/chat/people")

    def friend_accepted(self, request: FriendRequest) -> None:
        """See `FriendNotices`."""
        friend = request.to_user
        self._tell_of_friend(request.from_user.id, "friend_accepted", friend, f"/#/chat/with/{friend.id}")

    def words(self, key: str, **values: Value) -> Callable[[str], Words]:
        """See `words_of`."""
        return words_of(self._phrase, key, **values)

    def tell(self, notices: Sequence[Notice]) -> None:
        """Write notices; one that cannot be written is lost, and logged."""
        if len(self._under_way) >= MAX_UNDER_WAY:
            logger.warning("%d notices are lost: too many wait", len(notices))
            return
        task = asyncio.get_running_loop().create_task(self._write(notices))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait until all are written."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    def _tell_of_friend(self, user_id: str, kind: str, other: Profile, link: str) -> None:
        key = f"{kind}:{other.id}"  # asking again and again is one unread notification
        words = self.words(kind, name=other.display_name)
        self.tell([Notice(user_id, words, kind, link, "friends", key)])

    async def _write(self, notices: Sequence[Notice]) -> None:
        try:
            await self._notifications.announce(notices)
        except Exception as error:  # whatever it was, nobody waits for it
            logger.warning("%d notices were not stored: %r", len(notices), error)
