"""Conversations: who may enter, who may write, what a member sees of them."""

from __future__ import annotations

from typing import NamedTuple

from server.clock import Clock
from server.domain.conversations import Conversation, ConversationView, Mark
from server.domain.ids import is_id
from server.domain.messages import Message
from server.domain.users import Principal, Profile
from server.errors import ErrorCode, RequestError
from server.services.mark_writer import MarkWriter
from server.services.profiles import Profiles
from server.services.write_permits import WritePermits
from server.storage.conversations import ConversationRepository
from server.storage.friendships import FriendshipRepository
from server.storage.messages import MessageRepository


class Marked(NamedTuple):
    """A mark that has moved on."""

    seq: int
    is_open: bool
    """Whether the other members hear of it: not where the conversation is closed for writing."""


class ConversationService:
    """A stranger learns nothing here: an unknown id and another's answer alike."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        friendships: FriendshipRepository,
        profiles: Profiles,
        marks: MarkWriter,
        permits: WritePermits,
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._friendships = friendships
        self._profiles = profiles
        self._marks = marks
        self._permits = permits
        self._clock = clock

    async def find(self, user_id: str, conversation_id: str) -> Conversation | None:
        """Return a conversation to a member, nothing to anyone else."""
        if not is_id(conversation_id):
            return None
        return await self._conversations.find_for_member(conversation_id, user_id)

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        """Return a conversation to a member; RequestError (not_found) otherwise."""
        conversation = await self.find(user_id, conversation_id)
        if conversation is None:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such conversation of yours")
        return conversation

    async def open(self, user_id: str, conversation_id: str | None, friend_id: str | None) -> Conversation:
        """Return the conversation that a member names by its id, or by the friend, with whom it begins at first use.

        Raises RequestError: invalid_input unless exactly one is given, not_found, not_friends.
        """
        if conversation_id is not None and friend_id is None:
            return await self.get(user_id, conversation_id)
        if friend_id is None or conversation_id is not None:
            raise RequestError(ErrorCode.INVALID_INPUT, "give either conversation_id or friend_id")
        if is_id(friend_id) and friend_id != user_id:
            existing = await self._conversations.find_direct(user_id, friend_id)
            if existing is not None:
                return existing
            if await self._friendships.are_friends(user_id, friend_id):
                return await self._conversations.open_direct(user_id, friend_id, self._clock.now())
        raise _not_friends()

    async def open_for_writing(self, user_id: str, conversation_id: str | None, friend_id: str | None) -> str:
        """Return the id of the conversation that is named as for `open`, if the member may write into it.

        Raises RequestError: invalid_input, not_found, not_friends.
        """
        if conversation_id is not None and friend_id is None and self._permits.holds(user_id, conversation_id):
            return conversation_id
        era = self._permits.era
        conversation = await self.open(user_id, conversation_id, friend_id)
        await self.check_writable(user_id, conversation)
        self._permits.grant(user_id, conversation.id, era)
        return conversation.id

    async def check_writable(self, user_id: str, conversation: Conversation) -> None:
        """Raise RequestError (not_friends) when the conversation is closed for writing."""
        if not await self._is_writable(user_id, conversation):
            raise _not_friends()

    async def _is_writable(self, user_id: str, conversation: Conversation) -> bool:
        return await self._friendships.are_friends(user_id, conversation.other_member(user_id))

    async def conversations(self, principal: Principal) -> list[ConversationView]:
        """Return the user's conversations, the last active first."""
        conversations = await self._conversations.list_for_member(principal.user_id)
        last = await self._messages.last_messages([conversation.id for conversation in conversations])
        people = {member for conversation in conversations for member in conversation.member_ids}
        profiles = await self._profiles.of(people | {message.sender_id for message in last.values()})
        views = []
        for conversation in conversations:
            message = last.get(conversation.id)
            shown = message.by(profiles[message.sender_id]) if message else None
            views.append(self.view(conversation, principal.user_id, profiles, message.seq if message else 0, shown))
        return views

    async def mark(self, principal: Principal, conversation_id: str, mark: Mark, seq: int) -> Marked | None:
        """Note that a member has got or read all up to ``seq``, at most the last message there is.

        Returns None when the mark is there or further already. Raises RequestError: not_found, unavailable.
        """
        user_id = principal.user_id
        conversation = await self.get(user_id, conversation_id)
        if seq > conversation.last_seq:  # which may lag behind the messages
            last = await self._messages.last_messages([conversation.id])
            seq = min(seq, last[conversation.id].seq if conversation.id in last else 0)
        if not self._marks.advance(conversation, user_id, mark, seq):
            return None
        return Marked(seq, await self._is_writable(user_id, conversation))

    def view(
        self,
        conversation: Conversation,
        user_id: str,
        profiles: dict[str, Profile],
        last_seq: int,
        last_message: Message | None = None,
    ) -> ConversationView:
        """Show a conversation to a member; ``last_seq`` is the messages' own, which a crash cannot falsify."""
        return ConversationView(
            id=conversation.id,
            kind=conversation.kind,
            members=tuple(profiles[member] for member in conversation.member_ids),
            last_seq=last_seq,
            revision=conversation.revision,
            unread=max(0, last_seq - self._marks.position(conversation, user_id, Mark.READ)),
            read=self._marks.positions(conversation, Mark.READ),
            delivered=self._marks.positions(conversation, Mark.DELIVERED),
            created_at=conversation.created_at,
            last_message=last_message,
        )


def _not_friends() -> RequestError:
    return RequestError(ErrorCode.NOT_FRIENDS, "only friends can open a conversation or write into it")
