"""Makes the community's part of the product: friends, presence, conversations, messages and files."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from server.assembly.ground import Ground
from server.limits import Rate
from server.product_readings import marks_readings, writer_readings
from server.services.absence_notices import AbsenceNotices
from server.services.conversation_news import ConversationNews
from server.services.conversations import ConversationService
from server.services.enclosures import Enclosures
from server.services.files import FileService, FileSweeper
from server.services.friends import FriendService
from server.services.groups import GroupService
from server.services.mark_writer import MarkWriter
from server.services.message_changes import MessageChangeService
from server.services.message_finder import MessageFinder
from server.services.message_limits import MessageLimits
from server.services.message_writer import MessageWriter
from server.services.messages import MessageService
from server.services.notices import Notices
from server.services.notifications import NotificationService
from server.services.presence import PresenceService
from server.services.read_notices import ReadNotices
from server.services.stock_cards import StockCards
from server.services.thumbnails import Thumbnails
from server.services.uploads import FileLimits, UploadService
from server.services.write_permits import WritePermits

MESSAGE_RATE = Rate(200, 50)
"""What each member may write in a process, over all connections."""


class ChatServices(NamedTuple):
    """What handlers are given of the chat."""

    friends: FriendService
    presence: PresenceService
    conversations: ConversationService
    groups: GroupService
    messages: MessageService
    changes: MessageChangeService
    finder: MessageFinder
    files: FileService
    uploads: UploadService


async def open_chat(
    ground: Ground, notifications: NotificationService, notices: Notices, cards: StockCards
) -> ChatServices:
    """Start the community's services in order; raises RequestError when the database is away."""
    stores, profiles, clock = ground.stores, ground.profiles, ground.clock
    permits = WritePermits(clock)
    presence = _presence(ground)
    conversations = _conversations(ground, permits)
    files = await _files(ground)
    _mark_notices_read(ground, conversations, notifications)
    writer = _writer(ground, presence, notices)
    limits = MessageLimits(clock, MESSAGE_RATE)
    return ChatServices(
        friends=_friends(ground, permits, presence, notices),
        presence=presence,
        conversations=conversations,
        groups=_groups(ground, conversations, writer),
        messages=MessageService(
            stores.messages, writer, conversations, profiles, clock, Enclosures(cards, files), limits
        ),
        changes=_changes(ground, conversations, writer, limits),
        finder=MessageFinder(stores.messages, stores.message_search, conversations, profiles, clock),
        files=files,
        uploads=_uploads(ground),
    )


def _presence(ground: Ground) -> PresenceService:
    stores, grace = ground.stores, ground.settings.presence_grace
    presence = PresenceService(stores.presences, stores.friendships, ground.hub, ground.clock, grace)
    presence.start()
    ground.stack.push_async_callback(presence.stop)
    return presence


def _friends(ground: Ground, permits: WritePermits, presence: PresenceService, notices: Notices) -> FriendService:
    stores = ground.stores
    return FriendService(
        stores.friendships, stores.users, ground.profiles, presence, permits, notices, ground.hub, ground.clock
    )


def _conversations(ground: Ground, permits: WritePermits) -> ConversationService:
    stores = ground.stores
    marks = MarkWriter(stores.conversations)
    ground.operation.add(marks_readings(marks))
    ground.stack.push_async_callback(marks.close)
    return ConversationService(
        stores.conversations,
        stores.messages,
        stores.friendships,
        ground.profiles,
        marks,
        permits,
        ground.hub,
        ground.clock,
    )


def _mark_notices_read(ground: Ground, conversations: ConversationService, notifications: NotificationService) -> None:
    read = ReadNotices(notifications)
    ground.stack.push_async_callback(read.close)
    conversations.on_read.append(read.take)


def _writer(ground: Ground, presence: PresenceService, notices: Notices) -> MessageWriter:
    stores = ground.stores
    absences = AbsenceNotices(stores.conversations, presence, notices, ground.clock)
    ground.stack.push_async_callback(absences.close)
    news = ConversationNews(stores.conversations, stores.messages, ground.profiles, ground.hub)
    news.listeners.append(absences.take)
    ground.stack.push_async_callback(news.close)
    writer = MessageWriter(stores.messages, stores.conversations, ground.hub, news)
    ground.stack.push_async_callback(writer.close)
    ground.operation.add(writer_readings(writer))
    return writer


def _groups(ground: Ground, conversations: ConversationService, writer: MessageWriter) -> GroupService:
    stores = ground.stores
    return GroupService(
        stores.groups,
        stores.friendships,
        stores.messages,
        conversations,
        writer,
        ground.profiles,
        ground.hub,
        ground.clock,
    )


def _changes(
    ground: Ground, conversations: ConversationService, writer: MessageWriter, limits: MessageLimits
) -> MessageChangeService:
    window = timedelta(seconds=ground.settings.recall_window)
    return MessageChangeService(
        ground.stores.messages, writer, conversations, ground.profiles, ground.hub, ground.clock, window, limits
    )


async def _files(ground: Ground) -> FileService:
    stores = ground.stores
    sweeper = FileSweeper(stores.files, stores.messages, stores.users, ground.clock)
    await sweeper.start()
    ground.stack.callback(sweeper.stop)
    return FileService(stores.files, stores.messages, stores.conversations, stores.users, ground.clock)


def _uploads(ground: Ground) -> UploadService:
    limits = FileLimits(ground.settings.max_file_size, ground.settings.file_quota)
    uploads = UploadService(ground.stores.files, Thumbnails(), ground.clock, limits)
    ground.stack.push_async_callback(uploads.close)
    return uploads
