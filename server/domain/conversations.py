"""Conversations: who takes part, and how far they have come."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Literal, NamedTuple

from msgspec import Struct

from server.domain.messages import Message
from server.domain.users import Profile

Kind = Literal["direct", "group"]
Role = Literal["owner", "admin", "member"]


class Mark(Enum):
    """What a member says of all messages up to a number; reading implies delivery."""

    DELIVERED = "delivered"
    READ = "read"


class MarkKey(NamedTuple):
    """Whose mark of which kind, in which conversation."""

    conversation_id: str
    user_id: str
    mark: Mark


class MemberKey(NamedTuple):
    """Somebody in a conversation, or who claims to be."""

    conversation_id: str
    user_id: str


class Participant(Struct, frozen=True):
    """Somebody in a conversation; in one of two both are plain members."""

    user_id: str
    role: Role


class Member(Participant, frozen=True, kw_only=True):
    """One user's part in a conversation.

    ``read`` and ``delivered`` are the last sequence number that the member is known to have read or been given; what
    one sends oneself counts as read, and so does what was there when one was added.
    """

    conversation_id: str
    joined_at: datetime
    read: int
    delivered: int
    pinned: bool
    muted_until: datetime | None

    def marked(self, mark: Mark) -> int:
        """Return the last number as it is stored."""
        return self.read if mark is Mark.READ else self.delivered


class Conversation(Struct, frozen=True):
    """A conversation as it is stored, with the part of the member who asks for it.

    ``last_seq`` may lag behind the messages after a crash (never lead them): answers to people take it from the
    messages. ``revision`` is raised by every stored change of its messages. ``first`` are the longest-standing members;
    ``pair`` is empty for a group; ``name`` and ``owner_id`` are a group's.
    """

    id: str
    kind: Kind
    created_at: datetime
    last_seq: int
    revision: int
    member_count: int
    own: Member
    first: tuple[Participant, ...]
    pair: tuple[str, ...] = ()
    name: str | None = None
    owner_id: str | None = None

    def other_member(self, user_id: str) -> str:
        """Return the other one of a direct conversation."""
        return next(member for member in self.pair if member != user_id)


class MemberView(Profile, frozen=True, kw_only=True):
    """A member as the others see it."""

    role: Role


class ConversationView(Struct, frozen=True, omit_defaults=True):
    """A conversation as one of its members sees it.

    ``read`` and ``delivered`` are of all members. In a list of conversations a group shows only the first of its
    members, and the reader's own marks.
    """

    id: str
    kind: Kind
    members: tuple[MemberView, ...]
    member_count: int
    last_seq: int
    revision: int
    unread: int
    read: dict[str, int]
    delivered: dict[str, int]
    created_at: datetime
    pinned: bool
    muted_until: datetime | None = None
    name: str | None = None
    owner_id: str | None = None
    last_message: Message | None = None


class Activity(Struct, frozen=True):
    """What a batch of stored messages means for one conversation."""

    conversation_id: str
    last_seq: int
    messages: int
    at: datetime
    sent: dict[str, int]
    """The last sequence number of each sender in the batch."""


class Joined(Struct, frozen=True):
    """What a connection is told that enters a conversation: ``messages`` by ascending ``seq``."""

    conversation: ConversationView
    messages: list[Message]
    updated: list[Message]
    has_more: bool
