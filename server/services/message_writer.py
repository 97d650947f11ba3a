"""Writes messages in batches: what arrives while one write is under way forms the next."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from server.domain.conversations import Activity, MemberKey
from server.domain.messages import Excerpt, Message, StoredMessage
from server.domain.payloads import to_payload
from server.domain.rooms import conversation_room
from server.domain.users import Profile
from server.errors import ErrorCode, RequestError
from server.realtime.hub import Publisher
from server.services.conversation_news import ConversationNews
from server.storage.conversations import ConversationRepository
from server.storage.messages import Clash, MessageRepository

logger = logging.getLogger(__name__)

MAX_BATCH = 500
MAX_QUEUED = 5000
MAX_KNOWN_CONVERSATIONS = 20_000
RETRY_SECONDS = 1.0
CLOCK_TOLERANCE = timedelta(minutes=1)


class Place(NamedTuple):
    """Where the last message of a conversation stands: its number, and its time."""

    seq: int = 0
    created_at: datetime = datetime.min.replace(tzinfo=UTC)

    def next_time(self, now: datetime) -> datetime:
        """Return the time of the message behind it, which is not earlier: messages are found by their time.

        Clocks of two processes differ a little. One that was ahead by more than `CLOCK_TOLERANCE` was wrong, and is
        not followed.
        """
        return self.created_at if now < self.created_at <= now + CLOCK_TOLERANCE else now


class Draft(msgspec.Struct, eq=False):
    """A message on its way into the database, and who waits for that."""

    message: StoredMessage
    profiles: Mapping[str, Profile]
    reply: Excerpt | None
    asked_at: int | None
    waiters: list[asyncio.Future[StoredMessage]] = []


class Watch:
    """What happens in one conversation while somebody watches it: new messages, changed ones by id, who has left."""

    __slots__ = ("changed", "departed", "published")

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.changed: dict[str, Message] = {}
        self.departed: set[str] = set()

    def current(self, message: Message) -> Message:
        """Return the message as it is by now, and what it replies to likewise."""
        message = self.changed.get(message.id, message)
        original = self.changed.get(message.reply_to or "")
        return msgspec.structs.replace(message, reply=original.excerpt()) if original is not None else message


class MessageWriter:
    """Gives each message the next number of its conversation, stores it, answers the sender, then tells the room.

    Numbers have no holes: a batch is inserted in order up to the first clash, and what follows is numbered anew. What
    is answered is stored by a majority. When a write fails its senders hear `unavailable`; whether their messages were
    stored nevertheless is asked before the next write, and those that were are published then. Publications of one
    conversation are in the order of ``seq`` and follow the sender's answer.

    Nobody who has left a conversation has a message behind the note that says so: that note takes a number like any
    message, and whoever learns from it that others have written asks anew who is still a member.
    """

    def __init__(
        self,
        messages: MessageRepository,
        conversations: ConversationRepository,
        publisher: Publisher,
        news: ConversationNews,
    ) -> None:
        self._messages = messages
        self._conversations = conversations
        self._publisher = publisher
        self._news = news
        self.stored = 0
        self._queue: deque[Draft] = deque()
        self._by_client_id: dict[tuple[str, str], Draft] = {}
        self._last: OrderedDict[str, Place] = OrderedDict()
        """The last message of conversations, confirmed by a majority."""
        self._learned_at: dict[str, int] = {}
        """The moment when that of each was asked for; since then nobody else has written into it."""
        self.moment = 0
        """Counts those; see `write`."""
        self._unpublished: dict[str, Draft] = {}
        """What was given to the database and has not been published, by message id."""
        self._doubtful: list[Draft] = []
        """What was given to the database without learning whether it was stored."""
        self._unrecorded: list[StoredMessage] = []
        """What was stored and does not show in its conversation yet."""
        self._watches: dict[str, list[Watch]] = {}
        self._running: asyncio.Task[None] | None = None
        self._recording: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    async def write(
        self,
        message: StoredMessage,
        profiles: Mapping[str, Profile],
        reply: Excerpt | None = None,
        asked_at: int | None = None,
    ) -> StoredMessage:
        """Store a message (whose ``seq`` is given here) and return it, or the first one of the same client id.

        ``profiles`` are of all whom it names, by id; ``reply`` shows what it replies to; ``asked_at`` is the `moment`
        before it was asked whether the sender is a member, None when that does not matter.
        Raises RequestError: unavailable when the database or the queue refuses it, not_found when the sender has left.
        A caller that is cancelled does not take the message back.
        """
        waiter: asyncio.Future[StoredMessage] = asyncio.get_running_loop().create_future()
        self._draft(message, profiles, reply, asked_at).waiters.append(waiter)
        return await waiter

    @property
    def queue_length(self) -> int:
        """How many messages wait to be stored."""
        return len(self._queue)

    def is_unpublished(self, message_id: str) -> bool:
        """Tell whether the message will yet be published by this writer."""
        return message_id in self._unpublished

    @contextmanager
    def watch(self, conversation_id: str) -> Iterator[Watch]:
        """Follow what is published in a conversation."""
        watch = Watch()
        watches = self._watches.setdefault(conversation_id, [])
        watches.append(watch)
        try:
            yield watch
        finally:
            watches.remove(watch)
            if not watches:
                del self._watches[conversation_id]

    def tell_changed(self, message: Message) -> None:
        """Let those who watch its conversation know of a message that is about to be published as changed.

        A reply to it that is not published yet shows it as it is now.
        """
        for draft in (*self._queue, *self._unpublished.values()):
            if draft.message.reply_to == message.id:
                draft.reply = message.excerpt()
        for watch in self._watches.get(message.conversation_id, ()):
            watch.changed[message.id] = message
        self._news.touch(message.conversation_id)

    def tell_departed(self, conversation_id: str, user_id: str) -> None:
        """Let those who watch a conversation know that somebody's connections have just been taken out of it."""
        for watch in self._watches.get(conversation_id, ()):
            watch.departed.add(user_id)

    async def close(self) -> None:
        """Finish what was accepted; then nothing is under way any more."""
        while self._running is not None and not self._running.done():
            await asyncio.wait([self._running])
        if self._retry is not None:
            self._retry.cancel()
        if self._recording is not None:
            await asyncio.wait([self._recording])

    def _draft(
        self, message: StoredMessage, profiles: Mapping[str, Profile], reply: Excerpt | None, asked_at: int | None
    ) -> Draft:
        key = _client_key(message)
        if key is not None and key in self._by_client_id:
            return self._by_client_id[key]
        if len(self._queue) >= MAX_QUEUED:
            raise RequestError(ErrorCode.UNAVAILABLE, "too many messages wait to be stored")
        draft = Draft(message, profiles, reply, asked_at)
        self._queue.append(draft)
        if key is not None:
            self._by_client_id[key] = draft
        self._start()
        return draft

    def _start(self) -> None:
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
            await self._write(batch)
            if not self._queue:
                break
        if self._doubtful:
            self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._start)

    async def _write(self, batch: list[Draft]) -> None:
        try:
            if self._doubtful:
                await self._settle()
            await self._store(batch)
        except RequestError as error:
            self._refuse(batch, error)
        except Exception:
            logger.exception("a batch of %d messages could not be written", len(batch))
            self._refuse(batch, RequestError(ErrorCode.INTERNAL))
        while len(self._last) > MAX_KNOWN_CONVERSATIONS:
            self._unlearn(next(iter(self._last)))
        if self._unrecorded and (self._recording is None or self._recording.done()):
            self._recording = asyncio.get_running_loop().create_task(self._record())

    async def _settle(self) -> None:
        """Learn which messages of failed writes were stored nevertheless, and publish those."""
        drafts = {draft.message.id: draft for draft in self._doubtful}
        stored = await self._messages.find_stored(drafts)
        self._confirm([drafts.pop(message.id) for message in stored], stored)
        for message in stored:
            self._unlearn(message.conversation_id)
        for message_id in drafts:
            self._unpublished.pop(message_id, None)
        self._doubtful.clear()

    async def _store(self, batch: list[Draft]) -> None:
        waiting = batch
        try:
            while waiting:
                waiting = await self._admit(waiting)
                if not waiting:
                    break
                numbered = self._numbered(_up_to_departure(waiting))
                self._unpublished |= {draft.message.id: draft for draft in waiting}
                stored, clash = await self._messages.insert(numbered)
                self._confirm(waiting[:stored], numbered[:stored])
                waiting = waiting[stored:]
                if clash is Clash.SEQ:  # another process writes into this conversation too
                    self._unlearn(waiting[0].message.conversation_id)
                elif clash is Clash.CLIENT_MSG_ID:
                    waiting = await self._answer_again(waiting)
        except Exception:
            self._doubtful += waiting
            for draft in waiting:
                self._unlearn(draft.message.conversation_id)
            raise

    async def _admit(self, drafts: list[Draft]) -> list[Draft]:
        """Learn the last numbers that are not known; return the drafts whose senders are known to be members."""
        unknown = {draft.message.conversation_id for draft in drafts} - self._last.keys()
        if unknown:
            last = await self._messages.last_confirmed(unknown)
            self.moment += 1
            self._last |= dict.fromkeys(unknown, Place()) | {name: _place(message) for name, message in last.items()}
            self._learned_at |= dict.fromkeys(unknown, self.moment)
        asked = {draft: _sender(draft.message) for draft in drafts if self._is_doubtful(draft)}
        if not asked:
            return drafts
        members = await self._conversations.find_members(set(asked.values()))
        refused = {draft for draft, sender in asked.items() if sender not in members}
        for draft in refused:
            self._unpublished.pop(draft.message.id, None)
        self._refuse(refused, RequestError(ErrorCode.NOT_FOUND, "there is no such conversation of yours"))
        return [draft for draft in drafts if draft not in refused]

    def _is_doubtful(self, draft: Draft) -> bool:
        """Tell whether its sender may have left since that was asked."""
        return draft.asked_at is not None and draft.asked_at < self._learned_at[draft.message.conversation_id]

    def _unlearn(self, conversation_id: str) -> None:
        self._last.pop(conversation_id, None)
        self._learned_at.pop(conversation_id, None)

    def _numbered(self, drafts: Sequence[Draft]) -> list[StoredMessage]:
        numbered: list[StoredMessage] = []
        taken: dict[str, Place] = {}
        for draft in drafts:
            conversation_id = draft.message.conversation_id
            before = taken.get(conversation_id, self._last[conversation_id])
            created_at = before.next_time(draft.message.created_at)
            numbered.append(msgspec.structs.replace(draft.message, seq=before.seq + 1, created_at=created_at))
            taken[conversation_id] = _place(numbered[-1])
        return numbered

    def _confirm(self, drafts: Sequence[Draft], messages: Sequence[StoredMessage]) -> None:
        """Answer those who wait for messages that are stored now, and publish these after the answers."""
        self.stored += len(messages)
        for draft, message in zip(drafts, messages, strict=True):
            self._last[message.conversation_id] = _place(message)
            self._last.move_to_end(message.conversation_id)
            if _is_departure(message):
                self._unlearn(message.conversation_id)  # what follows is admitted anew
            self._unrecorded.append(message)
            self._answer(draft, message)
        asyncio.get_running_loop().call_soon(self._publish, list(zip(drafts, messages, strict=True)))

    async def _answer_again(self, drafts: list[Draft]) -> list[Draft]:
        """Answer those who have sent their message before; return the others."""
        keys = [key for draft in drafts if (key := _client_key(draft.message)) is not None]
        firsts = {_client_key(first): first for first in await self._messages.find_sent(keys)}
        others = []
        for draft in drafts:
            first = firsts.get(_client_key(draft.message))
            if first is None:
                others.append(draft)
            else:
                self._unpublished.pop(draft.message.id, None)
                self._answer(draft, first)
        return others

    def _answer(self, draft: Draft, message: StoredMessage) -> None:
        for waiter in self._part_with(draft):
            waiter.set_result(message)

    def _refuse(self, batch: Iterable[Draft], error: RequestError) -> None:
        for draft in batch:
            for waiter in self._part_with(draft):
                waiter.set_exception(error)

    def _part_with(self, draft: Draft) -> list[asyncio.Future[StoredMessage]]:
        """Forget a draft; return who still waits for it."""
        key = _client_key(draft.message)
        if key is not None and self._by_client_id.get(key) is draft:
            del self._by_client_id[key]
        waiters, draft.waiters = draft.waiters, []
        return [waiter for waiter in waiters if not waiter.done()]

    def _publish(self, stored: list[tuple[Draft, StoredMessage]]) -> None:
        for draft, numbered in stored:
            self._unpublished.pop(numbered.id, None)
            message = numbered.shown(draft.profiles, draft.reply)
            for watch in self._watches.get(message.conversation_id, ()):
                watch.published.append(message)
            payload = {"conversation_id": message.conversation_id, "message": to_payload(message)}
            self._publisher.publish(conversation_room(message.conversation_id), "new_message", payload)
            self._news.take(message)

    async def _record(self) -> None:
        """Bring conversations up to date while the next messages are being stored."""
        while self._unrecorded:
            stored, self._unrecorded = self._unrecorded, []
            try:
                await self._conversations.record(_activities(stored))
            except Exception as error:  # the messages are stored: the writer must go on whatever this was
                # Numbers are taken from the messages; only the order of the list, read marks and revision lag behind.
                logger.warning("the activity of %d messages was not recorded: %r", len(stored), error)


def _client_key(message: StoredMessage) -> tuple[str, str] | None:
    return None if message.client_msg_id is None else (message.sender_id, message.client_msg_id)


def _sender(message: StoredMessage) -> MemberKey:
    return MemberKey(message.conversation_id, message.sender_id)


def _is_departure(message: StoredMessage) -> bool:
    return message.system is not None and message.system.ends_membership


def _up_to_departure(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Return the drafts up to the first that says somebody has left, that included."""
    ends = (number for number, draft in enumerate(drafts, 1) if _is_departure(draft.message))
    return drafts[: next(ends, len(drafts))]


def _place(message: StoredMessage) -> Place:
    return Place(message.seq, message.created_at)


def _activities(messages: Sequence[StoredMessage]) -> list[Activity]:
    by_conversation: dict[str, list[StoredMessage]] = {}
    for message in messages:
        by_conversation.setdefault(message.conversation_id, []).append(message)
    return [
        Activity(
            conversation_id=conversation_id,
            last_seq=group[-1].seq,
            messages=len(group),
            at=group[-1].created_at,
            sent={message.sender_id: message.seq for message in group},
        )
        for conversation_id, group in by_conversation.items()
    ]
