"""Changing messages that were sent: editing and recalling, by their sender."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from weakref import WeakValueDictionary

import msgspec

from server.clock import Clock
from server.domain.ids import is_id
from server.domain.messages import SYSTEM, Change, Message, StoredMessage
from server.domain.payloads import to_payload
from server.domain.rooms import conversation_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.realtime.hub import Publisher
from server.services.conversations import ConversationService
from server.services.mentions import MentionFinder
from server.services.message_content import checked_content
from server.services.message_limits import MessageLimits
from server.services.message_views import MessageViews
from server.services.message_writer import MessageWriter
from server.services.profiles import Profiles
from server.storage.messages import MessageRepository


class MessageChangeService:
    """Each change raises the conversation's revision; changes are published in the order of their revisions.

    One that ended in `unavailable` may be stored nevertheless: who joins with an earlier revision is told of it.
    """

    def __init__(
        self,
        messages: MessageRepository,
        writer: MessageWriter,
        conversations: ConversationService,
        profiles: Profiles,
        publisher: Publisher,
        clock: Clock,
        recall_window: timedelta,
        limits: MessageLimits,
    ) -> None:
        self._messages = messages
        self._writer = writer
        self._conversations = conversations
        self._publisher = publisher
        self._clock = clock
        self._recall_window = recall_window
        self._limits = limits
        self._mentions = MentionFinder(conversations, profiles)
        self._views = MessageViews(messages, profiles)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One per conversation that is being changed."""

    @property
    def recall_window(self) -> timedelta:
        return self._recall_window

    async def edit(self, principal: Principal, message_id: str, content: str) -> Message:
        """Give a message another content, however old it is; ``edited_at`` shows it.

        Raises RequestError: invalid_input, not_found, forbidden, not_friends, conflict when it was recalled,
        rate_limited, unavailable.
        """
        self._limits.count(principal.user_id)
        if content:
            checked_content(content)
        message = await self._own(principal, message_id)
        if not content and message.file is None:  # a caption may go, a text may not
            checked_content(content)
        if message.stock is not None:
            raise RequestError(ErrorCode.INVALID_INPUT, "a stock card cannot be edited; recall it and send another")
        changed = await self._change(message, await self._edited(message, content))
        if changed is None:
            raise RequestError(ErrorCode.CONFLICT, "the message was recalled")
        return changed

    async def recall(self, principal: Principal, message_id: str) -> Message:
        """Take a message back: its content is gone everywhere. Once more is no error.

        Raises RequestError: not_found, forbidden, not_friends, too_late, rate_limited, unavailable.
        """
        self._limits.count(principal.user_id)
        message = await self._own(principal, message_id)
        if not message.recalled:
            self._check_recallable(message)
            changed = await self._change(message, Change("", recalled=True))
            if changed is not None:
                return changed
            message = await self._own(principal, message_id)  # another of the sender's devices was a moment earlier
        return await self._views.one(message)

    async def _edited(self, message: StoredMessage, content: str) -> Change:
        mentions = await self._mentions.find(message.sender_id, message.conversation_id, content)
        now = self._clock.now()
        return Change(
            content,
            edited_at=now.replace(microsecond=now.microsecond // 1000 * 1000),  # what the database keeps
            mentions=mentions.user_ids,
            mentions_all=mentions.everyone,
            searchable=msgspec.structs.replace(message, content=content).searchable,
        )

    def _check_recallable(self, message: StoredMessage) -> None:
        if self._clock.now() - message.created_at > self._recall_window:
            seconds = self._recall_window.total_seconds()
            raise RequestError(
                ErrorCode.TOO_LATE, f"a message can be recalled for {seconds:g} s (recall_window) after it was sent"
            )

    async def _own(self, principal: Principal, message_id: str) -> StoredMessage:
        user_id = principal.user_id
        message = await self._messages.find(message_id) if is_id(message_id) else None
        conversation = await self._conversations.find(user_id, message.conversation_id) if message else None
        if message is None or conversation is None:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such message in a conversation of yours")
        if message.sender_id != user_id or message.type == SYSTEM:
            raise RequestError(
                ErrorCode.FORBIDDEN, "a message is changed by its sender alone, a system message by nobody"
            )
        await self._conversations.check_writable(user_id, conversation)
        return message

    async def _change(self, message: StoredMessage, change: Change) -> Message | None:
        """Store and publish a change; None when the message was recalled already."""
        shown = await self._views.one(message)
        async with self._turns.setdefault(message.conversation_id, asyncio.Lock()):
            stored = await self._messages.change(message.id, message.conversation_id, change)
            if stored is None:
                return None
            changed = stored.shown({shown.sender.id: shown.sender}, shown.reply)
            self._writer.tell_changed(changed)
            payload = {"conversation_id": changed.conversation_id, "message": to_payload(changed)}
            self._publisher.publish(conversation_room(changed.conversation_id), "message_updated", payload)
            return changed
