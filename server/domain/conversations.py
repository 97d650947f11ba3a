"""Conversations: who takes part, and how far they have come."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Literal, NamedTuple

from msgspec import Struct

from server.domain.messages import Message
from server.domain.users import Profile

Kind = Literal["direct"]


class Mark(Enum):
    """What a member says of all messages up to a number; reading implies delivery."""

    DELIVERED = "delivered"
    READ = "read"


class MarkKey(NamedTuple):
    """Whose mark of which kind, in which conversation."""

    conversation_id: str
    user_id: str
    mark: Mark


class Conversation(Struct, frozen=True):
    """A conversation as it is stored.

    ``last_seq`` may lag behind the messages after a crash (never lead them): answers to people take it from the
    messages. ``revision`` is raised by every stored change of its messages. ``read`` and ``delivered`` are the last
    sequence number that each member is known to have read or been given; what one sends oneself counts as read.
    """

    id: str
    kind: Kind
    member_ids: tuple[str, ...]
    created_at: datetime
    last_seq: int
    revision: int
    read: dict[str, int]
    delivered: dict[str, int]

    def marked(self, mark: Mark) -> dict[str, int]:
        """Return the last number of each member as it is stored."""
        return self.read if mark is Mark.READ else self.delivered

    def other_member(self, user_id: str) -> str:
        """Return the other one of a direct conversation."""
        return next(member for member in self.member_ids if member != user_id)


class ConversationView(Struct, frozen=True, omit_defaults=True):
    """A conversation as one of its members sees it."""

    id: str
    kind: Kind
    members: tuple[Profile, ...]
    last_seq: int
    revision: int
    unread: int
    read: dict[str, int]
    delivered: dict[str, int]
    created_at: datetime
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
