"""Chat messages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from server.domain.users import Profile

MESSAGE_TYPES = ("text",)
"""The types of message that can be sent."""

SYSTEM = "system"
"""The type of message that the server writes; nobody changes it, and search does not find it."""

MAX_CONTENT_CHARACTERS = 10_000


class SystemNote(Struct, frozen=True, omit_defaults=True):
    """What happened to a group, by whom and to whom: what a message of type `SYSTEM` says."""

    action: Literal["created", "renamed", "added", "removed", "left", "role_changed"]
    actor_id: str
    user_ids: tuple[str, ...] = ()
    name: str | None = None
    role: str | None = None

    @property
    def ends_membership(self) -> bool:
        return self.action in {"removed", "left"}


class Message(Struct, frozen=True, omit_defaults=True):
    """A message as members see it; absent optionals are left out."""

    id: str
    conversation_id: str
    seq: int
    sender: Profile
    type: str
    content: str
    created_at: datetime
    client_msg_id: str | None
    reply_to: str | None = None
    edited_at: datetime | None = None
    recalled: bool = False
    system: SystemNote | None = None


class StoredMessage(Struct, frozen=True):
    """A message as it is stored; ``seq`` 0 is one that has none yet.

    ``revision`` is its conversation's at the last change of the message; None: it was never changed.
    """

    id: str
    conversation_id: str
    seq: int
    sender_id: str
    type: str
    content: str
    created_at: datetime
    client_msg_id: str | None = None
    reply_to: str | None = None
    edited_at: datetime | None = None
    recalled: bool = False
    revision: int | None = None
    system: SystemNote | None = None

    def by(self, sender: Profile) -> Message:
        """Return what members see of it."""
        return Message(
            id=self.id,
            conversation_id=self.conversation_id,
            seq=self.seq,
            sender=sender,
            type=self.type,
            content=self.content,
            created_at=self.created_at,
            client_msg_id=self.client_msg_id,
            reply_to=self.reply_to,
            edited_at=self.edited_at,
            recalled=self.recalled,
            system=self.system,
        )


class Change(Struct, frozen=True):
    """What becomes of a message: another content, or none when it is recalled."""

    content: str
    edited_at: datetime | None = None
    recalled: bool = False


class Page(Struct, frozen=True):
    """A part of a conversation's history; ``has_more`` says that it goes on in the direction that was asked for."""

    messages: list[Message]
    has_more: bool
