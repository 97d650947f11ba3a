"""What lists of conversations show: told to members who have not joined, at most so often for each conversation."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import NamedTuple

from server.domain.messages import Message, named_in
from server.domain.payloads import to_payload
from server.domain.rooms import conversation_room, user_room
from server.realtime.hub import WidePublisher
from server.services.profiles import Profiles
from server.services.rounds import Rounds
from server.storage.conversations import Audience, ConversationRepository
from server.storage.messages import MessageRepository

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5
MAX_KEPT_MEMBER_IDS = 200_000


class _Hearers(NamedTuple):
    """The rooms of a group's members, while the version of its audience is this."""

    version: int
    rooms: tuple[str, ...]


class ConversationNews:
    """Tells of the last message of conversations in which something was written or changed.

    The first news leaves at once, what follows within `INTERVAL_SECONDS` with the next: however much is written, there
    are two queries for all conversations together, and one more for a group whose members have changed.
    """

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        profiles: Profiles,
        publisher: WidePublisher,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._profiles = profiles
        self._publisher = publisher
        self.listeners: list[Callable[[Message], None]] = []
        """Told of each new message, after its room."""
        self._touched: set[str] = set()
        self._hearers: OrderedDict[str, _Hearers] = OrderedDict()
        self._kept = 0
        self._rounds = Rounds(self._run, INTERVAL_SECONDS)

    def take(self, message: Message) -> None:
        """Let those know of a new message who have not joined its conversation."""
        self.touch(message.conversation_id)
        for listener in self.listeners:
            listener(message)

    def touch(self, conversation_id: str) -> None:
        """Let the members know soon what the last message of a conversation is."""
        self._touched.add(conversation_id)
        self._rounds.ask()

    async def close(self) -> None:
        """Tell what is left."""
        await self._rounds.close()

    async def _run(self) -> None:
        touched, self._touched = self._touched, set()
        try:
            await self._tell(touched)
        except Exception as error:  # whatever it was, later news must still be told
            logger.warning("the news of %d conversations was not told: %r", len(touched), error)

    async def _tell(self, conversation_ids: Collection[str]) -> None:
        last = await self._messages.last_messages(conversation_ids)
        profiles = await self._profiles.of(named_in(last.values()))
        # After the messages: who is a member now was one, or has become one, when these were there.
        audiences = await self._conversations.audiences(last)
        for conversation_id, message in last.items():
            rooms = await self._rooms(conversation_id, audiences[conversation_id])
            self._publish(rooms, message.shown(profiles))

    def _publish(self, rooms: Collection[str], message: Message) -> None:
        payload = {
            "conversation_id": message.conversation_id,
            "last_seq": message.seq,
            "last_message": to_payload(message),
        }
        self._publisher.publish_to(
            rooms,
            "conversation_updated",
            payload,
            spared=(conversation_room(message.conversation_id),),
            supersedes=("conversation_updated", message.conversation_id),
        )

    async def _rooms(self, conversation_id: str, audience: Audience) -> tuple[str, ...]:
        if audience.pair:
            return tuple(map(user_room, audience.pair))
        known = self._hearers.get(conversation_id)
        if known is None or known.version != audience.version:
            # Members who changed after the version was read are found here already; the next news finds another one.
            member_ids = await self._conversations.member_ids(conversation_id)
            known = self._keep(conversation_id, _Hearers(audience.version, tuple(map(user_room, member_ids))))
        self._hearers.move_to_end(conversation_id)
        return known.rooms

    def _keep(self, conversation_id: str, hearers: _Hearers) -> _Hearers:
        before = self._hearers.pop(conversation_id, None)
        self._kept += len(hearers.rooms) - (len(before.rooms) if before else 0)
        self._hearers[conversation_id] = hearers
        while self._kept > MAX_KEPT_MEMBER_IDS and len(self._hearers) > 1:
            self._kept -= len(self._hearers.popitem(last=False)[1].rooms)
        return hearers
