"""Chat messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from server.domain.files import Attachment
from server.domain.users import Profile

FILE_TYPES = ("image", "file")
"""The types of message that carry a file; what is written in them is its caption."""

MESSAGE_TYPES = ("text", "stock", *FILE_TYPES)
"""The types of message that can be sent."""

SYSTEM = "system"
"""The type of message that the server writes; nobody changes it, and search does not find it."""

MAX_CONTENT_CHARACTERS = 10_000
EXCERPT_CHARACTERS = 200

MAX_NAMED = 10
"""So many of those whom a system message is about are shown with their names."""


class StockCard(Struct, frozen=True, omit_defaults=True):
    """A stock as it was shared; the last three are there when it had a price at that moment.

    ``at`` is the moment of the quote, in the exchanges' time.
    """

    code: str
    symbol: str
    name: str
    price: float | None = None
    change_percent: float | None = None
    at: str | None = None


class Excerpt(Struct, frozen=True, omit_defaults=True):
    """What is shown of a message above a reply to it."""

    id: str
    seq: int
    sender: Profile
    type: str
    content: str
    recalled: bool = False


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
    """A message as members see it; absent optionals are left out.

    ``people`` are those whom a system message is about, at most `MAX_NAMED`: they need not be members any more.
    """

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
    stock: StockCard | None = None
    file: Attachment | None = None
    mentions: tuple[str, ...] = ()
    mentions_all: bool = False
    reply: Excerpt | None = None
    people: tuple[Profile, ...] = ()

    def excerpt(self) -> Excerpt:
        """Return what is shown of it above a reply."""
        content = self.content[:EXCERPT_CHARACTERS]
        return Excerpt(self.id, self.seq, self.sender, self.type, content, self.recalled)


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
    stock: StockCard | None = None
    file: Attachment | None = None
    mentions: tuple[str, ...] = ()
    mentions_all: bool = False

    @property
    def searchable(self) -> str:
        """What search looks at."""
        if self.recalled or self.type == SYSTEM:
            return ""
        if self.stock is not None:
            return f"{self.stock.symbol} {self.stock.name}"
        if self.file is not None:
            return f"{self.content} {self.file.name}"
        return self.content

    @property
    def named(self) -> tuple[str, ...]:
        """Whom members see named: the sender, and then those whom it is about."""
        return (self.sender_id, *(self.system.user_ids[:MAX_NAMED] if self.system else ()))

    def shown(self, profiles: Mapping[str, Profile], reply: Excerpt | None = None) -> Message:
        """Return what members see of it; ``reply`` shows what it replies to."""
        sender, *people = (profiles[user_id] for user_id in self.named)
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
            stock=self.stock,
            file=self.file,
            mentions=self.mentions,
            mentions_all=self.mentions_all,
            reply=reply,
            people=tuple(people),
        )


def named_in(messages: Iterable[StoredMessage]) -> set[str]:
    """Return the ids of all whose profiles show these messages."""
    return {user_id for message in messages for user_id in message.named}


class Change(Struct, frozen=True):
    """What becomes of a message: another content with whom it mentions, or nothing when it is recalled."""

    content: str
    edited_at: datetime | None = None
    recalled: bool = False
    mentions: tuple[str, ...] = ()
    mentions_all: bool = False
    searchable: str = ""


class Page(Struct, frozen=True):
    """A part of a conversation's history; ``has_more`` says that it goes on in the direction that was asked for."""

    messages: list[Message]
    has_more: bool


class Surroundings(Struct, frozen=True):
    """The messages around a place in the history; ``has_more`` is what it is of a page: there are older ones."""

    messages: list[Message]
    has_more: bool
    has_before: bool
    has_after: bool


class Search(Struct, frozen=True):
    """What messages must fulfil to be found, all of it; numbers and ``until`` are excluded, ``since`` is included."""

    text: str | None = None
    type: str | None = None
    sender_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_seq: int | None = None
    after_seq: int = 0
