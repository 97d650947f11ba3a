"""What the server says over Socket.IO: every event it sends, and what it acknowledges the client's with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from handlers.operations import Answer
from server.domain.alerts import AlertView
from server.domain.conversations import Joined
from server.domain.friends import FriendRequest
from server.domain.known_texts import KnownText
from server.domain.messages import Message, SystemNote
from server.domain.notifications import Notification
from server.domain.presence import PresenceState
from server.domain.quotes import QuoteView
from server.domain.tasks import Task
from server.domain.users import Profile
from server.domain.watchlists import WatchlistView


class MessageEvent(Struct):
    """A message of a conversation."""

    conversation_id: str
    message: Message


class MarkEvent(Struct):
    """Up to which ``seq`` a member has read, or been given, the messages."""

    conversation_id: str
    user_id: str
    seq: int


class TypingEvent(Struct):
    """Whether a member types."""

    conversation_id: str
    user_id: str
    is_typing: bool


class PresenceEvent(Struct):
    """Whether a friend is here."""

    user_id: str
    state: PresenceState
    last_seen: datetime | None


class ProfileEvent(Struct):
    """Somebody's names, after a change."""

    user: Profile


class ConversationEvent(Struct):
    """What is new of a conversation: its last message, what became of the group, one's own settings, or one's end."""

    conversation_id: str
    last_seq: int | UnsetType = UNSET
    last_message: Message | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    owner_id: str | UnsetType | None = UNSET
    member_count: int | UnsetType = UNSET
    changes: list[SystemNote] | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    muted_until: datetime | UnsetType | None = UNSET
    removed: Literal[True] | UnsetType = UNSET


class TaskQueuedEvent(Struct):
    """A task of one's own that waits, anew or again, as lists show it."""

    task: Task


class RequestRemovedEvent(Struct):
    """A friend request that waits no longer."""

    request_id: str


class FriendRemovedEvent(Struct):
    """Whose friend one is no longer."""

    user_id: str


class AlertEvent(Struct):
    """An alert that fired."""

    alert: AlertView


class WatchlistEvent(Struct):
    """A watchlist after a change."""

    watchlist: WatchlistView


class WatchlistRemovedEvent(Struct):
    """A watchlist that is gone."""

    watchlist_id: str


class PriceUpdate(Struct):
    """The quotes of a target that changed; in an answer to a subscription, all of them."""

    subscription_type: Literal["strategy", "stock", "market"]
    target: str
    data: list[QuoteView]
    count: int
    timestamp: str


class TaskProgress(Struct):
    """One thing that is told of a task: how far it has come, or how it ended."""

    task_id: str
    message: str
    step: int
    total_steps: int
    progress: float
    timestamp: datetime
    seq: int
    attempt: int
    text: KnownText | UnsetType = UNSET
    error: str | UnsetType = UNSET
    result: Any = UNSET


class TaskTold(Struct):
    """What is told of a task; nothing follows ``completed`` and ``error`` in an attempt."""

    type: Literal["progress", "completed", "error"]
    data: TaskProgress


class NotificationsReadEvent(Struct):
    """Which notifications were read: these, or all up to one."""

    ids: list[str] | UnsetType = UNSET
    through: str | UnsetType = UNSET


class NotificationsRemovedEvent(Struct):
    """Which notifications are gone."""

    ids: list[str]


class UnreadCountsEvent(Struct):
    """How many notifications wait to be read."""

    notifications: int


class ServerTime(Struct):
    """The time at the server."""

    timestamp: str


class TokenExpired(Struct):
    """The access token has run out: bring a new one with ``refresh_token`` in time."""

    disconnect_in_ms: int


class ServerShutdown(Struct):
    """The server stops: come back after this time."""

    reconnect_in_ms: int


class Failure(Struct):
    """Why something was not done: a code of the closed list, a text for people; some codes bring more."""

    code: str
    message: str
    retry_after: float | UnsetType = UNSET


class ErrorEvent(Failure, kw_only=True):
    """Why an event was not done that asked for no ack."""

    event: Any


EVENTS: dict[str, type[Struct]] = {
    "new_message": MessageEvent,
    "message_updated": MessageEvent,
    "message_delivered": MarkEvent,
    "message_read": MarkEvent,
    "typing": TypingEvent,
    "conversation_updated": ConversationEvent,
    "user_online": PresenceEvent,
    "user_offline": PresenceEvent,
    "user_presence": PresenceEvent,
    "profile_updated": ProfileEvent,
    "friend_request": FriendRequest,
    "friend_accepted": FriendRequest,
    "friend_request_removed": RequestRemovedEvent,
    "friend_removed": FriendRemovedEvent,
    "alert_fired": AlertEvent,
    "watchlist_updated": WatchlistEvent,
    "watchlist_removed": WatchlistRemovedEvent,
    "task_progress": TaskTold,
    "task_queued": TaskQueuedEvent,
    "notification": Notification,
    "notifications_read": NotificationsReadEvent,
    "notifications_removed": NotificationsRemovedEvent,
    "unread_counts": UnreadCountsEvent,
    "price_update": PriceUpdate,
    "pong": ServerTime,
    "app_pong": ServerTime,
    "token_expired": TokenExpired,
    "server_shutdown": ServerShutdown,
    "error": ErrorEvent,
}
"""What each event carries that the server sends."""

ACKS: dict[str, Answer] = {
    "join_chat": Joined,
    "leave_chat": {"conversation_id": str},
    "send_message": {"message": Message},
    "edit_message": {"message": Message},
    "recall_message": {"message": Message},
    "mark_delivered": None,
    "mark_read": None,
    "typing": None,
    "set_presence": None,
    "refresh_token": None,
    "ping": ServerTime,
    "app_ping": ServerTime,
    "watch_task": {"task": Task, "events": list[TaskTold]},
    "unwatch_task": {"task_id": str},
    "resume_notifications": {"notifications": list[Notification], "has_more": bool},
    "mark_notifications_read": {"ids": list[str]},
    "subscribe_prices": PriceUpdate,
    "unsubscribe_prices": {"subscription_type": str, "target": str},
}
"""What an ack holds beside ``ok: true``, by the client's event."""
