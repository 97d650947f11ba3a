"""Conversations: who may enter, who may write, what a member sees of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from server.clock import Clock
from server.domain.conversations import Conversation, ConversationView, Mark, Member, MemberKey, MemberView, Participant
from server.domain.ids import is_id
from server.domain.messages import Message, named_in
from server.domain.payloads import to_payload
from server.domain.rooms import user_room
from server.domain.users import Principal, Profile
from server.errors import ErrorCode, RequestError
from server.realtime.hub import Publisher
from server.services.mark_writer import MarkWriter
from server.services.profiles import Profiles
from server.services.write_permits import WritePermit, WritePermits
from server.storage.conversations import ConversationRepository
from server.storage.friendships import FriendshipRepository
from server.storage.messages import MessageRepository

MAX_PINNED = 20

OnRead = Callable[[str, str], None]
"""Takes the ids of the member and the conversation."""


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
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._friendships = friendships
        self._profiles = profiles
        self._marks = marks
        self._permits = permits
        self._publisher = publisher
        self._clock = clock
        self.on_read: list[OnRead] = []
        """Who is told when a member has read all of a conversation."""

    async def find(self, user_id: str, conversation_id: str) -> Conversation | None:
        """Return a conversation to a member, nothing to anyone else."""
        if not is_id(conversation_id):
            return None
        return await self._conversations.find_for_member(conversation_id, user_id)

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        """Return a conversation to a member; RequestError (not_found) otherwise."""
        conversation = await self.find(user_id, conversation_id)
        if conversation is None:
            raise not_a_member()
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

    async def open_for_writing(
        self, user_id: str, conversation_id: str | None, friend_id: str | None, asked_at: int
    ) -> WritePermit:
        """Let a member write into the conversation that is named as for `open`; ``asked_at`` is the writer's moment.

        Raises RequestError: invalid_input, not_found, not_friends.
        """
        if conversation_id is not None and friend_id is None:
            permit = self._permits.find(user_id, conversation_id)
            if permit is not None:
                return permit
        era = self._permits.era
        conversation = await self.open(user_id, conversation_id, friend_id)
        await self.check_writable(user_id, conversation)
        permit = WritePermit(conversation.id, asked_at)
        self._permits.keep(user_id, permit, era)
        return permit

    def forget_permits(self) -> None:
        """Ask anew who may write where: somebody has left."""
        self._permits.forget()

    async def check_writable(self, user_id: str, conversation: Conversation) -> None:
        """Raise RequestError (not_friends) when the conversation is closed for writing; a group never is."""
        if not await self._is_writable(user_id, conversation):
            raise _not_friends()

    async def _is_writable(self, user_id: str, conversation: Conversation) -> bool:
        if conversation.kind == "group":
            return True
        return await self._friendships.are_friends(user_id, conversation.other_member(user_id))

    async def members(self, conversation: Conversation) -> list[Member]:
        """Return everyone who is in a conversation, the longest-standing first."""
        return await self._conversations.members(conversation.id)

    async def members_among(self, conversation: Conversation, people: Iterable[Profile]) -> list[Profile]:
        """Return those of the people who are in a conversation."""
        keys = {MemberKey(conversation.id, person.id): person for person in people}
        found = await self._conversations.find_members(keys) if keys else {}
        return [keys[key] for key in found]

    # What a member sees.

    async def conversations(self, principal: Principal) -> list[ConversationView]:
        """Return the user's conversations, those that are pinned first, then the last active."""
        conversations = await self._conversations.list_for_member(principal.user_id)
        ids = [conversation.id for conversation in conversations]
        last = await self._messages.last_messages(ids)
        marked = await self._marked(conversations)
        people = {member.user_id for conversation in conversations for member in conversation.first}
        profiles = await self._profiles.of(people | named_in(last.values()))
        views = []
        for conversation in conversations:
            message = last.get(conversation.id)
            shown = message.shown(profiles) if message else None
            last_seq, sender_id = (message.seq, message.sender_id) if message else (0, None)
            marks = marked[conversation.id]
            views.append(self.view(conversation, conversation.first, marks, profiles, last_seq, sender_id, shown))
        return views

    async def _marked(self, conversations: Iterable[Conversation]) -> dict[str, list[Member]]:
        """Return whose marks a list shows: both in a conversation of two, else one's own."""
        marked = {conversation.id: [conversation.own] for conversation in conversations}
        others = [
            MemberKey(conversation.id, conversation.other_member(conversation.own.user_id))
            for conversation in conversations
            if conversation.kind == "direct"
        ]
        for key, member in (await self._conversations.find_members(others)).items() if others else ():
            marked[key.conversation_id].append(member)
        return marked

    async def show(self, user_id: str, conversation_id: str) -> ConversationView:
        """Return one conversation with all its members; RequestError (not_found)."""
        conversation = await self.get(user_id, conversation_id)
        members = await self.members(conversation)
        last = (await self._messages.last_messages([conversation.id])).get(conversation.id)
        people = {member.user_id for member in members} | named_in([last] if last else [])
        profiles = await self._profiles.of(people)
        shown = last.shown(profiles) if last else None
        last_seq, sender_id = (last.seq, last.sender_id) if last else (0, None)
        return self.view(conversation, members, members, profiles, last_seq, sender_id, shown)

    def view(
        self,
        conversation: Conversation,
        members: Iterable[Participant],
        marked: Collection[Member],
        profiles: dict[str, Profile],
        last_seq: int,
        last_sender_id: str | None,
        last_message: Message | None = None,
    ) -> ConversationView:
        """Show a conversation to a member, with these ``members`` and the marks of those.

        ``last_seq`` is the messages' own, which a crash cannot falsify; who wrote that one has read it.
        """
        own = conversation.own
        is_ones_own = last_sender_id == own.user_id  # noted as read a moment later
        muted_until = own.muted_until
        return ConversationView(
            id=conversation.id,
            kind=conversation.kind,
            members=tuple(_member_view(member, profiles[member.user_id]) for member in members),
            member_count=conversation.member_count,
            last_seq=last_seq,
            revision=conversation.revision,
            unread=0 if is_ones_own else max(0, last_seq - self._marks.position(own, Mark.READ)),
            read=self._positions(marked, Mark.READ),
            delivered=self._positions(marked, Mark.DELIVERED),
            created_at=conversation.created_at,
            pinned=own.pinned,
            muted_until=muted_until if muted_until is not None and muted_until > self._clock.now() else None,
            name=conversation.name,
            owner_id=conversation.owner_id,
            last_message=last_message,
        )

    def _positions(self, members: Iterable[Member], mark: Mark) -> dict[str, int]:
        return {member.user_id: self._marks.position(member, mark) for member in members}

    # What a member says.

    async def mark(self, principal: Principal, conversation_id: str, mark: Mark, seq: int) -> Marked | None:
        """Note that a member has got or read all up to ``seq``, at most the last message there is.

        Returns None when the mark is there or further already. Raises RequestError: not_found, unavailable.
        """
        conversation = await self.get(principal.user_id, conversation_id)
        if seq > conversation.last_seq:  # which may lag behind the messages
            last = await self._messages.last_messages([conversation.id])
            seq = min(seq, last[conversation.id].seq if conversation.id in last else 0)
        if mark is Mark.READ and seq >= conversation.last_seq:
            for listener in self.on_read:
                listener(principal.user_id, conversation_id)
        if not self._marks.advance(conversation.own, mark, seq):
            return None
        return Marked(seq, await self._is_writable(principal.user_id, conversation))

    async def set(
        self,
        principal: Principal,
        conversation_id: str,
        pinned: bool | UnsetType = UNSET,
        muted_until: datetime | UnsetType | None = UNSET,
    ) -> ConversationView:
        """Pin or mute a conversation for oneself; one's other devices hear of it. None as ``muted_until`` unmutes.

        Raises RequestError: invalid_input for a time that has passed, not_found, limit_reached.
        """
        user_id = principal.user_id
        until = self._checked_time(muted_until) if isinstance(muted_until, datetime) else muted_until
        await self.get(user_id, conversation_id)
        key = MemberKey(conversation_id, user_id)
        if isinstance(pinned, bool):
            await self._pin(key, pinned)
        if not isinstance(until, UnsetType):
            await self._conversations.set_muted(key, until)
        view = await self.show(user_id, conversation_id)
        payload = {"conversation_id": view.id, "pinned": view.pinned, "muted_until": view.muted_until}
        self._publisher.publish(user_room(user_id), "conversation_updated", to_payload(payload))
        return view

    async def _pin(self, key: MemberKey, pinned: bool) -> None:
        changed = await self._conversations.set_pinned(key, pinned)
        # Counted afterwards: of two that pin the last one allowed at the same moment, one or both are refused.
        if changed and pinned and await self._conversations.count_pinned(key.user_id) > MAX_PINNED:
            await self._conversations.set_pinned(key, False)
            raise RequestError(ErrorCode.LIMIT_REACHED, f"at most {MAX_PINNED} conversations can be pinned")

    def _checked_time(self, time: datetime) -> datetime:
        try:
            utc = time.astimezone(UTC)
        except OverflowError:  # in the years 1 and 9999
            utc = None
        if utc is None or utc <= self._clock.now():
            raise RequestError(
                ErrorCode.INVALID_INPUT, f"got muted_until {time.isoformat()}, allowed is a time to come"
            )
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)  # what the database keeps


def not_a_member() -> RequestError:
    """Return what somebody is told of a conversation that is another's, or none."""
    return RequestError(ErrorCode.NOT_FOUND, "there is no such conversation of yours")


def _member_view(member: Participant, profile: Profile) -> MemberView:
    return MemberView(**msgspec.structs.asdict(profile), role=member.role)


def _not_friends() -> RequestError:
    return RequestError(ErrorCode.NOT_FRIENDS, "only friends can open a conversation or write into it")
