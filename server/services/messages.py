"""Messages: sending, history, and entering a conversation without missing or doubling one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from server.clock import Clock
from server.domain.conversations import Conversation, Joined
from server.domain.ids import is_id
from server.domain.messages import FILE_TYPES, MESSAGE_TYPES, Excerpt, Message, Page, StoredMessage, named_in
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.services.conversations import ConversationService, not_a_member
from server.services.enclosures import Enclosures
from server.services.input_text import checked_text
from server.services.mentions import MentionFinder
from server.services.message_content import checked_content
from server.services.message_limits import MessageLimits
from server.services.message_views import MessageViews
from server.services.message_writer import MessageWriter
from server.services.profiles import Profiles
from server.services.rate_limits import count_attempt
from server.storage.messages import MessageRepository

JOIN_NEWEST = 50
JOIN_AT_MOST = 500
MAX_HISTORY = 200
MAX_CLIENT_ID_CHARACTERS = 128
JOIN_RATE = Rate(200, 5)
"""Over all connections of a user: an answer tells of every member and, at the most, of a thousand messages."""

MAX_KEPT = 20_000
"""Users whose joining is counted."""


class Outgoing(NamedTuple):
    """What a member wants to send, and into which conversation: one of the first two is given."""

    conversation_id: str | None
    friend_id: str | None
    content: str
    type: str = "text"
    client_msg_id: str | None = None
    reply_to: str | None = None
    file_id: str | None = None


class MessageService:
    """Members read, friends write; strangers learn nothing."""

    def __init__(
        self,
        messages: MessageRepository,
        writer: MessageWriter,
        conversations: ConversationService,
        profiles: Profiles,
        clock: Clock,
        enclosures: Enclosures,
        limits: MessageLimits,
    ) -> None:
        self._messages = messages
        self._writer = writer
        self._conversations = conversations
        self._profiles = profiles
        self._clock = clock
        self._enclosures = enclosures
        self._limits = limits
        self._mentions = MentionFinder(conversations, profiles)
        self._views = MessageViews(messages, profiles)
        self._joins = TokenBuckets(JOIN_RATE, MAX_KEPT)

    async def send(self, principal: Principal, outgoing: Outgoing) -> Message:
        """Store a message by majority and return it; the same client id again returns the first one, whatever it says.

        Raises RequestError: invalid_input, not_found, not_friends, rate_limited, unavailable.
        """
        self._limits.count(principal.user_id)
        _check(outgoing)
        asked_at = self._writer.moment
        try:
            profiles = await self._profiles.of([principal.user_id])
            permit = await self._conversations.open_for_writing(
                principal.user_id, outgoing.conversation_id, outgoing.friend_id, asked_at
            )
            excerpt = await self._excerpt(outgoing.reply_to, permit.conversation_id)
            draft = await self._draft(principal.user_id, outgoing, permit.conversation_id)
        except RequestError:
            first = await self._sent_before(principal.user_id, outgoing.client_msg_id)
            if first is None:
                raise
            return await self._shown_again(first)
        stored = await self._writer.write(draft, profiles, excerpt, asked_at=permit.asked_at)
        return stored.shown(profiles, excerpt) if stored.id == draft.id else await self._shown_again(stored)

    async def history(
        self,
        principal: Principal,
        conversation_id: str,
        before_seq: int | None = None,
        after_seq: int | None = None,
        limit: int = JOIN_NEWEST,
    ) -> Page:
        """Return a part of the history, newest first.

        The newest messages (before ``before_seq``); with ``after_seq`` alone the ones that follow it directly. At most
        `MAX_HISTORY`. Raises RequestError (not_found).
        """
        conversation = await self._conversations.get(principal.user_id, conversation_id)
        limit = min(limit, MAX_HISTORY)
        if after_seq is not None and before_seq is None:
            stored = await self._messages.following(conversation.id, after_seq, limit + 1)
            shown = stored[:limit][::-1]
        else:
            stored = await self._messages.newest(conversation.id, limit + 1, before_seq, after_seq or 0)
            shown = stored[:limit]
        return Page(await self._views.of(shown), len(stored) > limit)

    async def join(
        self,
        principal: Principal,
        conversation_id: str | None,
        friend_id: str | None,
        after_seq: int | None,
        enter: Callable[[str], None],
        after_revision: int | None = None,
    ) -> Joined:
        """Return what a connection needs that enters a conversation, and call ``enter(conversation id)`` in between.

        Each message is either in the answer or published after ``enter``: exactly once. Without ``after_seq`` the
        newest `JOIN_NEWEST` messages, else those that follow it, at most `JOIN_AT_MOST`. With ``after_revision`` also
        the older ones that have changed since, at most `JOIN_AT_MOST`; the revision that is told is the one up to which
        no change is missing. Raises RequestError: invalid_input, not_found, not_friends, rate_limited.
        """
        count_attempt(self._joins, principal.user_id, self._clock.monotonic(), "conversations were entered")
        conversation = await self._conversations.open(principal.user_id, conversation_id, friend_id)
        with self._writer.watch(conversation.id) as watch:
            stored, has_more = await self._tail(conversation.id, after_seq)
            last_seq = await self._last_seq(conversation.id, stored, has_more, after_seq)
            through = after_seq if after_seq is not None else stored[0].seq - 1 if stored else 0
            changed, revision = await self._changed(conversation, after_revision, through)
            members = await self._conversations.members(conversation)
            people = {member.user_id for member in members} | named_in((*stored, *changed))
            profiles = await self._profiles.of(people)
            excerpts = await self._views.excerpts((*stored, *changed))

            # From here on nothing waits, up to the answer: what was published meanwhile joins it, what is not yet
            # published will reach the connection in the room, behind it.
            if principal.user_id in watch.departed or all(one.user_id != principal.user_id for one in members):
                raise not_a_member()

            def shown(message: StoredMessage) -> Message:
                return message.shown(profiles, excerpts.get(message.reply_to or ""))

            messages = [shown(message) for message in stored if not self._writer.is_unpublished(message.id)]
            if after_seq is None or not has_more:
                seen = stored[-1].seq if stored else after_seq or 0
                messages += [message for message in watch.published if message.seq > seen]
            messages = [watch.current(message) for message in messages]
            updated = {message.id: watch.current(shown(message)) for message in changed}
            if after_revision is not None:
                updated |= {message.id: message for message in watch.changed.values() if message.seq <= through}
            enter(conversation.id)
        if messages:
            last_seq = max(last_seq, messages[-1].seq)
        last_sender_id = messages[-1].sender.id if messages and messages[-1].seq == last_seq else None
        has_more = has_more or revision < conversation.revision
        conversation = msgspec.structs.replace(conversation, revision=revision)
        view = self._conversations.view(conversation, members, members, profiles, last_seq, last_sender_id)
        return Joined(view, messages, list(updated.values()), has_more)

    async def _tail(self, conversation_id: str, after_seq: int | None) -> tuple[list[StoredMessage], bool]:
        """Return the last part of a conversation by ascending number, and whether there is more than that."""
        if after_seq is None:
            newest = await self._messages.newest(conversation_id, JOIN_NEWEST + 1, None, 0)
            return newest[:JOIN_NEWEST][::-1], len(newest) > JOIN_NEWEST
        following = await self._messages.following(conversation_id, after_seq, JOIN_AT_MOST + 1)
        return following[:JOIN_AT_MOST], len(following) > JOIN_AT_MOST

    async def _changed(
        self, conversation: Conversation, after_revision: int | None, through_seq: int
    ) -> tuple[list[StoredMessage], int]:
        """Return the messages that have changed, and the revision up to which they are all there."""
        if after_revision is None:
            return [], conversation.revision
        found = await self._messages.changed(conversation.id, after_revision, through_seq, JOIN_AT_MOST + 1)
        if len(found) <= JOIN_AT_MOST:
            return found, conversation.revision
        shown = found[:JOIN_AT_MOST]
        return shown, min(shown[-1].revision or 0, conversation.revision)

    async def _last_seq(
        self, conversation_id: str, tail: list[StoredMessage], has_more: bool, after_seq: int | None
    ) -> int:
        if tail and not (has_more and after_seq is not None):
            return tail[-1].seq
        last = await self._messages.last_messages([conversation_id])
        return last[conversation_id].seq if conversation_id in last else 0

    async def _excerpt(self, reply_to: str | None, conversation_id: str) -> Excerpt | None:
        """Return what is shown of the message that is replied to; RequestError (invalid_input) if it is elsewhere."""
        if reply_to is None:
            return None
        original = await self._messages.find(reply_to) if is_id(reply_to) else None
        if original is None or original.conversation_id != conversation_id:
            raise RequestError(ErrorCode.INVALID_INPUT, "reply_to is no message of this conversation")
        return (await self._views.one(original)).excerpt()

    async def _sent_before(self, user_id: str, client_msg_id: str | None) -> StoredMessage | None:
        """Return what was sent under this client id while it was still possible: its sender may not know of it."""
        found = await self._messages.find_sent([(user_id, client_msg_id)]) if client_msg_id is not None else []
        return found[0] if found else None

    async def _shown_again(self, first: StoredMessage) -> Message:
        """Return what its sender has sent before; who has left since does not see what it replies to."""
        if first.reply_to is None or await self._conversations.find(first.sender_id, first.conversation_id):
            return await self._views.one(first)
        return first.shown(await self._profiles.of(first.named))

    async def _draft(self, user_id: str, outgoing: Outgoing, conversation_id: str) -> StoredMessage:
        enclosed = await self._enclosures.find(user_id, outgoing.type, outgoing.content, outgoing.file_id)
        mentions = await self._mentions.find(user_id, conversation_id, outgoing.content)
        now = self._clock.now()
        return StoredMessage(
            id=self._messages.new_id(),
            conversation_id=conversation_id,
            seq=0,
            sender_id=user_id,
            type=outgoing.type,
            content=outgoing.content,
            created_at=now.replace(microsecond=now.microsecond // 1000 * 1000),  # what the database keeps
            client_msg_id=outgoing.client_msg_id,
            reply_to=outgoing.reply_to,
            stock=enclosed.stock,
            file=enclosed.file,
            mentions=mentions.user_ids,
            mentions_all=mentions.everyone,
        )


def _check(outgoing: Outgoing) -> None:
    if outgoing.type not in MESSAGE_TYPES:
        raise RequestError(
            ErrorCode.INVALID_INPUT, f"got type {outgoing.type[:40]!r}, allowed are: {', '.join(MESSAGE_TYPES)}"
        )
    if (outgoing.file_id is not None) != (outgoing.type in FILE_TYPES):
        raise RequestError(ErrorCode.INVALID_INPUT, "file_id goes with the types image and file, and with no other")
    if outgoing.content or outgoing.file_id is None:
        checked_content(outgoing.content)
    if outgoing.client_msg_id is not None:
        checked_text("client_msg_id", outgoing.client_msg_id, 1, MAX_CLIENT_ID_CHARACTERS)
