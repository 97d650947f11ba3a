"""Messages to friends who are away, as notifications: one for each conversation, which tells how many there are."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from server.clock import Clock
from server.domain.conversations import MemberKey
from server.domain.messages import Message
from server.domain.notifications import conversation_key
from server.services.notices import Notices
from server.services.notifications import Notice
from server.services.presence import PresenceService
from server.services.rounds import Rounds
from server.storage.conversations import Audience, ConversationRepository

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
MAX_PENDING = 10_000
NOTIFICATION_TYPE, SOURCE = "message", "chat"


class _News:
    """What was said in one conversation since its members were last notified."""

    __slots__ = ("last", "mentioned", "mentions_all", "senders")

    def __init__(self) -> None:
        self.last: Message
        self.senders: set[str] = set()
        self.mentioned: set[str] = set()
        self.mentions_all = False


class AbsenceNotices:
    """Notifies members without any connection: of all messages of a friend, of mentions in a group.

    What was said stays out of the notification: a message can be recalled. Whatever is written, there are two queries
    for all conversations together in each interval, and one more for a group in which everyone is mentioned.
    """

    def __init__(
        self, conversations: ConversationRepository, presence: PresenceService, notices: Notices, clock: Clock
    ) -> None:
        self._conversations = conversations
        self._presence = presence
        self._notices = notices
        self._clock = clock
        self._news: dict[str, _News] = {}
        self._rounds = Rounds(self._run, INTERVAL_SECONDS, gathering=True)

    def take(self, message: Message) -> None:
        """Note a new message."""
        if message.system is not None or (message.conversation_id not in self._news and len(self._news) >= MAX_PENDING):
            return
        news = self._news.setdefault(message.conversation_id, _News())
        news.last = message
        news.senders.add(message.sender.id)
        news.mentioned.update(message.mentions)
        news.mentions_all = news.mentions_all or message.mentions_all
        self._rounds.ask()

    async def close(self) -> None:
        """Notify of what is left."""
        await self._rounds.close()
        await self._notices.settle()

    async def _run(self) -> None:
        news, self._news = self._news, {}
        try:
            await self._notify(news)
        except Exception as error:  # whatever it was, later messages must still be told of
            logger.warning("the messages of %d conversations were not notified of: %r", len(news), error)

    async def _notify(self, news: Mapping[str, _News]) -> None:
        audiences = await self._conversations.audiences(news.keys())
        absent = [
            MemberKey(conversation_id, user_id)
            for conversation_id, audience in audiences.items()
            for user_id in await self._receivers(conversation_id, news[conversation_id], audience)
            if not self._presence.is_connected(user_id)
        ]
        if not absent:
            return
        members, now = await self._conversations.find_members(absent), self._clock.now()
        notices = [
            self._notice(member.user_id, news[member.conversation_id], bool(audiences[member.conversation_id].pair), n)
            for member in members.values()
            if (n := news[member.conversation_id].last.seq - member.read) > 0
            and (member.muted_until is None or member.muted_until <= now)
        ]
        self._notices.tell(notices)

    async def _receivers(self, conversation_id: str, news: _News, audience: Audience) -> set[str]:
        if audience.pair:
            return {user_id for user_id in audience.pair if news.senders != {user_id}}
        everyone = await self._conversations.member_ids(conversation_id) if news.mentions_all else ()
        return {*news.mentioned, *everyone} - {news.last.sender.id}

    def _notice(self, user_id: str, news: _News, is_direct: bool, count: int) -> Notice:
        conversation_id = news.last.conversation_id
        key = "message" if is_direct else "mention"
        words = self._notices.words(key, name=news.last.sender.display_name, count=count)
        link = f"/#/chat/{conversation_id}"
        return Notice(user_id, words, NOTIFICATION_TYPE, link, SOURCE, conversation_key(conversation_id))
