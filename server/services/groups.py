"""Groups: making them, changing them, and who may do that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from weakref import WeakValueDictionary

from server.clock import Clock
from server.domain.conversations import ConversationView, Role
from server.domain.groups import (
    MAX_GROUPS_PER_USER,
    MAX_MEMBERS,
    MAX_NAME_CHARACTERS,
    ChangedGroup,
    GroupChange,
)
from server.domain.ids import is_id
from server.domain.messages import SYSTEM, StoredMessage, SystemNote
from server.domain.payloads import to_payload
from server.domain.rooms import conversation_room, user_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.realtime.hub import WidePublisher
from server.services import group_rules
from server.services.conversations import ConversationService, not_a_member
from server.services.input_text import checked_line
from server.services.message_writer import MessageWriter
from server.services.profiles import Profiles
from server.services.rate_limits import count_attempt
from server.storage.friendships import FriendshipRepository
from server.storage.groups import Decide, GroupRepository
from server.storage.messages import MessageRepository

Departure = Callable[[str, str], None]

CHANGE_RATE = Rate(60, 1)
"""Each change is told to every member, and written into the history for ever."""

MAX_KEPT = 20_000
"""Users whose changes are counted."""


class GroupService:
    """Every change is stored first; then members hear of it, then a message of type `SYSTEM` tells it for ever.

    A change is answered when that message is stored. A crash between the two, or a database that goes away, leaves a
    change that no message tells of: it holds nevertheless, and shows in lists and at the next `join_chat`. Who was
    removed is out at once: the removal is answered when nothing of theirs can be stored any more, in no process.
    """

    def __init__(
        self,
        groups: GroupRepository,
        friendships: FriendshipRepository,
        messages: MessageRepository,
        conversations: ConversationService,
        writer: MessageWriter,
        profiles: Profiles,
        publisher: WidePublisher,
        clock: Clock,
    ) -> None:
        self._groups = groups
        self._friendships = friendships
        self._messages = messages
        self._conversations = conversations
        self._writer = writer
        self._profiles = profiles
        self._publisher = publisher
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One per group that is being changed: what is told of it is in the order of the changes."""
        self._on_departure: list[Departure] = []
        self._attempts = TokenBuckets(CHANGE_RATE, MAX_KEPT)

    def on_departure(self, listener: Departure) -> None:
        """Call ``listener(conversation_id, user_id)`` when somebody is no longer in a group, as this process hears."""
        self._on_departure.append(listener)

    async def create(self, principal: Principal, name: str, member_ids: Collection[str]) -> ConversationView:
        """Make a group of oneself, who owns it, and friends.

        Raises RequestError: invalid_input, not_friends, limit_reached, rate_limited, unavailable.
        """
        name = checked_line("name", name, MAX_NAME_CHARACTERS)
        actor = principal.user_id
        self._count(actor)
        others = tuple(dict.fromkeys(member for member in member_ids if member != actor))
        if 1 + len(others) > MAX_MEMBERS:
            raise group_rules.too_many_members(1 + len(others))
        await self._check_friends(actor, others)
        await self._check_group_counts({actor, *others})
        conversation_id = await self._groups.create(name, actor, others, self._clock.now())
        note = SystemNote("created", actor, user_ids=others, name=name)
        change = GroupChange(notes=(note,), name=name, added=(actor, *others))
        await self._tell(ChangedGroup(conversation_id, name, actor, change.added, change))
        return await self._conversations.show(actor, conversation_id)

    async def rename(self, principal: Principal, conversation_id: str, name: str) -> ConversationView:
        """Give a group another name; the owner and admins may.

        Raises RequestError: invalid_input, not_found, forbidden, conflict for what is no group, rate_limited,
        unavailable.
        """
        name, actor = checked_line("name", name, MAX_NAME_CHARACTERS), principal.user_id
        await self._change(actor, conversation_id, (), lambda state: group_rules.rename(state, actor, name))
        return await self._conversations.show(actor, conversation_id)

    async def add(self, principal: Principal, conversation_id: str, user_ids: Collection[str]) -> ConversationView:
        """Add friends of one's own; the owner and admins may. Those who are members already stay what they are.

        Raises RequestError: invalid_input, not_found, forbidden, not_friends, limit_reached, conflict, rate_limited,
        unavailable.
        """
        actor, wanted = principal.user_id, tuple(dict.fromkeys(user_ids))
        if not 1 <= len(wanted) <= MAX_MEMBERS:
            raise RequestError(ErrorCode.INVALID_INPUT, f"got {len(wanted)} user_ids, allowed are 1 to {MAX_MEMBERS}")
        await self._check_group_of(actor, conversation_id)
        added = tuple(user_id for user_id in wanted if user_id != actor)
        await self._check_friends(actor, added)
        await self._check_group_counts(added)
        await self._change(actor, conversation_id, added, lambda state: group_rules.add(state, actor, added))
        return await self._conversations.show(actor, conversation_id)

    async def remove(self, principal: Principal, conversation_id: str, user_id: str) -> None:
        """Remove a member, or leave: the owner removes anyone, admins remove plain members, everyone oneself.

        When the owner leaves, the longest-standing admin, or else member, follows; the last one to leave ends the
        group. Raises RequestError: not_found, forbidden, conflict, rate_limited, unavailable.
        """
        actor = principal.user_id
        await self._change(actor, conversation_id, (user_id,), lambda state: group_rules.remove(state, actor, user_id))

    async def set_role(self, principal: Principal, conversation_id: str, user_id: str, role: Role) -> ConversationView:
        """Make a member an admin, a plain member, or the owner, which makes an admin of oneself; the owner may.

        Raises RequestError: not_found, forbidden, conflict, rate_limited, unavailable.
        """
        actor = principal.user_id
        await self._change(
            actor, conversation_id, (user_id,), lambda state: group_rules.set_role(state, actor, user_id, role)
        )
        return await self._conversations.show(actor, conversation_id)

    async def _check_friends(self, user_id: str, others: Collection[str]) -> None:
        friends = set(await self._friendships.friend_ids(user_id)) if others else set()
        if not friends.issuperset(others):
            raise RequestError(ErrorCode.NOT_FRIENDS, "only friends of one's own can be added to a group")

    async def _check_group_counts(self, user_ids: Collection[str]) -> None:
        """Refuse one group too many. Of several at once each may be let through: the limit is no exact one."""
        counts = await self._groups.count_groups(user_ids)
        if any(count >= MAX_GROUPS_PER_USER for count in counts.values()):
            detail = f"somebody of these is in {MAX_GROUPS_PER_USER} groups, which is the most that are allowed"
            raise RequestError(ErrorCode.LIMIT_REACHED, detail)

    async def _check_group_of(self, user_id: str, conversation_id: str) -> None:
        """Raise RequestError (not_found, conflict) unless it is a group with this member."""
        conversation = await self._conversations.get(user_id, conversation_id)
        if conversation.kind != "group":
            raise RequestError(ErrorCode.CONFLICT, "a conversation of two has no name, and no members to change")

    def _count(self, user_id: str) -> None:
        count_attempt(self._attempts, user_id, self._clock.monotonic(), "changes of groups")

    async def _change(self, actor: str, conversation_id: str, concerned: Iterable[str], decide: Decide) -> None:
        self._count(actor)
        # Asked beforehand too: strangers must not hold up those who change the group or write into it.
        await self._check_group_of(actor, conversation_id)
        ids = {actor, *filter(is_id, concerned)}
        async with self._turns.setdefault(conversation_id, asyncio.Lock()):
            changed = await self._groups.change(conversation_id, ids, decide, self._clock.now())
            if changed is None:  # all have left meanwhile
                raise not_a_member()
            await self._tell(changed)

    async def _tell(self, changed: ChangedGroup) -> None:
        notes = changed.change.notes
        for user_id in changed.change.removed:
            self._see_off(changed.id, user_id)
        if notes:
            rooms = [user_room(user_id) for user_id in changed.member_ids]
            payload = {
                "conversation_id": changed.id,
                "name": changed.name,
                "owner_id": changed.owner_id,
                "member_count": len(changed.member_ids),
                "changes": to_payload(notes),
            }
            self._publisher.publish_to(rooms, "conversation_updated", payload)
        for note in notes:
            await self._write(changed.id, note)

    def _see_off(self, conversation_id: str, user_id: str) -> None:
        self._conversations.forget_permits()
        self._publisher.evict(user_room(user_id), conversation_room(conversation_id))
        self._writer.tell_departed(conversation_id, user_id)
        for listener in self._on_departure:
            listener(conversation_id, user_id)
        payload = {"conversation_id": conversation_id, "removed": True}
        self._publisher.publish(user_room(user_id), "conversation_updated", payload)

    async def _write(self, conversation_id: str, note: SystemNote) -> None:
        now = self._clock.now()
        draft = StoredMessage(
            id=self._messages.new_id(),
            conversation_id=conversation_id,
            seq=0,
            sender_id=note.actor_id,
            type=SYSTEM,
            content="",
            created_at=now.replace(microsecond=now.microsecond // 1000 * 1000),  # what the database keeps
            system=note,
        )
        await self._writer.write(draft, await self._profiles.of(draft.named), asked_at=None)
