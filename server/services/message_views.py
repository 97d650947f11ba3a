"""Stored messages as members see them: with their senders, and with what they reply to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.domain.messages import Excerpt, Message, StoredMessage, named_in
from server.services.profiles import Profiles
from server.storage.messages import MessageRepository


class MessageViews:
    """Looks up what a page of messages needs, with one query for all it replies to."""

    def __init__(self, messages: MessageRepository, profiles: Profiles) -> None:
        self._messages = messages
        self._profiles = profiles

    async def of(self, stored: Sequence[StoredMessage]) -> list[Message]:
        """Return the messages as members see them, in the same order."""
        excerpts = await self.excerpts(stored)
        profiles = await self._profiles.of(named_in(stored))
        return [message.shown(profiles, excerpts.get(message.reply_to or "")) for message in stored]

    async def one(self, stored: StoredMessage) -> Message:
        return (await self.of([stored]))[0]

    async def excerpts(self, stored: Iterable[StoredMessage]) -> dict[str, Excerpt]:
        """Return what is shown of the messages that these reply to, by id."""
        wanted = {message.reply_to for message in stored if message.reply_to is not None}
        originals = await self._messages.find_beginnings(wanted) if wanted else []
        profiles = await self._profiles.of(named_in(originals))
        return {original.id: original.shown(profiles).excerpt() for original in originals}
