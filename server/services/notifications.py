"""Notifications: telling users, and what they do with what they were told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from server.clock import Clock
from server.domain.ids import is_id
from server.domain.known_texts import KnownText
from server.domain.notifications import (
    NO_PREFERENCES,
    JobStep,
    Notification,
    NotificationDraft,
    Preferences,
    Status,
    Wording,
    conversation_key,
    seq_of,
    zone_named,
)
from server.domain.rooms import notification_room, user_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.realtime.hub import WidePublisher
from server.services.input_text import checked_text
from server.services.notification_writer import MAX_BATCH, NotificationWriter
from server.services.unread_counts import UnreadCounts
from server.storage.notification_preferences import NotificationPreferenceRepository
from server.storage.notifications import Following, NotificationRepository
from server.storage.users import UserRepository

MAX_LISTED = 100
MAX_IDS = 500
MAX_RECEIVERS = 1000
MAX_MUTED_TYPES = 50

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LINK = re.compile(r"https?://[^\s\\/?#][^\s\\]*|/(?![/\\])[^\s\\]*")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Words(NamedTuple):
    """What a notification says; ``text`` is where the catalogue says it, if it does."""

    title: str
    content: str
    text: KnownText | UnsetType = UNSET


class Notice(NamedTuple):
    """What is to be told to one user, in the words of the language the user reads; see `NotificationDraft` for keys."""

    user_id: str
    words: Callable[[str], Words]
    type: str
    link: str
    source: str
    key: str | None = None


class Page(NamedTuple):
    """A part of a user's notifications, newest first."""

    notifications: list[Notification]
    has_more: bool


class NotificationService:
    """Every change is heard by all devices of its user; another's notification is answered as one that is not there."""

    def __init__(
        self,
        notifications: NotificationRepository,
        preferences: NotificationPreferenceRepository,
        users: UserRepository,
        writer: NotificationWriter,
        counts: UnreadCounts,
        publisher: WidePublisher,
        clock: Clock,
        default_locale: str,
    ) -> None:
        self._notifications = notifications
        self._preferences = preferences
        self._users = users
        self._writer = writer
        self._counts = counts
        self._publisher = publisher
        self._clock = clock
        self._default_locale = default_locale

    # Telling.

    async def notify(self, user_ids: Collection[str], wording: Wording) -> int:
        """Store a notification for each user there is, and deliver it; return how many there were.

        Raises RequestError: invalid_input, unavailable.
        """
        checked_wording(wording)
        return await self.announce([_notice(user_id, wording) for user_id in user_ids if is_id(user_id)])

    async def announce(self, notices: Sequence[Notice]) -> int:
        """Store notices, and deliver them; return how many: those to who is no user are left out.

        Raises RequestError (unavailable).
        """
        announced = 0
        for begin in range(0, len(notices), MAX_BATCH):
            some = notices[begin : begin + MAX_BATCH]
            ids = {notice.user_id for notice in some}
            locales = await self._users.locales(ids)
            preferences = await self._preferences.of(ids)
            now = self._now()
            drafts = [
                self._drafted(notice, locales[notice.user_id], preferences.get(notice.user_id, NO_PREFERENCES), now)
                for notice in some
                if notice.user_id in locales
            ]
            if drafts:
                await self._writer.write(drafts)
            announced += len(drafts)
        return announced

    async def announce_step(self, wording: Wording, user_ids: Sequence[str], step: JobStep) -> None:
        """Store and deliver one step of a job; nothing happens when it was taken before. RequestError (unavailable)."""
        preferences = await self._preferences.of(user_ids)
        now = self._now()
        drafts = [
            self._drafted(_notice(user_id, wording), None, preferences.get(user_id, NO_PREFERENCES), now)
            for user_id in user_ids
        ]
        await self._writer.write(drafts, step)

    def _drafted(
        self, notice: Notice, locale: str | None, preferences: Preferences, now: datetime
    ) -> NotificationDraft:
        title, content, text = notice.words(locale or self._default_locale)
        status, silent = preferences.applied(notice.type, now)
        return NotificationDraft(
            notice.user_id,
            title,
            content,
            notice.type,
            notice.link,
            notice.source,
            now,
            notice.key,
            status,
            silent,
            text,
        )

    def _now(self) -> datetime:
        now = self._clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)  # what the database keeps

    # What their user asks.

    async def page(
        self, principal: Principal, status: Status | None, kind: str | None, before: str | None, limit: int
    ) -> Page:
        """Return notifications, newest first, those before ``before``; RequestError (invalid_input)."""
        place = None if before is None else place_of("before", before)
        limit = min(limit, MAX_LISTED)
        found = await self._notifications.newest(principal.user_id, limit + 1, place, status, kind)
        return Page(found[:limit], len(found) > limit)

    @property
    def retention(self) -> timedelta:
        """How long one is kept."""
        return self._notifications.retention

    async def following(self, user_id: str, after: int, limit: int) -> Following:
        """Return what follows a place, the oldest first; RequestError (unavailable)."""
        return await self._notifications.following(user_id, after, limit)

    async def places(self, user_id: str) -> tuple[int, int]:
        """Return up to which place a user's devices have been told, and the last place."""
        return await self._notifications.places(user_id)

    def note_told(self, user_id: str, seq: int | None = None) -> None:
        """Note that a device has been told up to a place, or is new; the count of the unread follows."""
        self._counts.touch(user_id, seq)

    async def count_unread(self, principal: Principal) -> int:
        return (await self._notifications.count_unread([principal.user_id]))[principal.user_id]

    async def mark_read(self, principal: Principal, ids: Collection[str]) -> list[str]:
        """Mark notifications as read; return which of them are the user's. RequestError (invalid_input)."""
        if len(ids) > MAX_IDS:
            raise RequestError(ErrorCode.INVALID_INPUT, f"got {len(ids)} ids, at most {MAX_IDS} are allowed")
        own = await self._notifications.mark_read(principal.user_id, [one for one in ids if is_id(one)])
        if own:
            self._tell(principal.user_id, "notifications_read", {"ids": own})
        return own

    async def mark_conversations_read(self, read: Collection[tuple[str, str]]) -> None:
        """Mark what tells users of conversations as read, by (user, conversation); RequestError (unavailable)."""
        keys = {(user_id, conversation_key(conversation_id)) for user_id, conversation_id in read}
        for user_id, ids in (await self._notifications.mark_keys_read(keys)).items():
            self._tell(user_id, "notifications_read", {"ids": ids})

    async def mark_one_read(self, principal: Principal, notification_id: str) -> None:
        """Mark one as read; RequestError (not_found)."""
        if not await self.mark_read(principal, [notification_id]):
            raise _no_notification()

    async def mark_all_read(self, principal: Principal, through: str | None = None) -> int:
        """Mark all as read that are there now, or up to one; return how many were unread.

        Raises RequestError (invalid_input).
        """
        behind = None if through is None else place_of("through", through) + 1
        newest = await self._notifications.newest(principal.user_id, 1, behind)
        place = seq_of(newest[0].id) if newest else None
        if place is None:
            return 0
        marked = await self._notifications.mark_all_read(principal.user_id, place)
        if marked:
            self._tell(principal.user_id, "notifications_read", {"through": newest[0].id})
        return marked

    async def remove(self, principal: Principal, notification_id: str) -> None:
        """Remove one; RequestError (not_found)."""
        if not is_id(notification_id) or not await self._notifications.remove(principal.user_id, notification_id):
            raise _no_notification()
        self._tell(principal.user_id, "notifications_removed", {"ids": [notification_id]})

    async def preferences(self, principal: Principal) -> Preferences:
        return (await self._preferences.of([principal.user_id])).get(principal.user_id, NO_PREFERENCES)

    async def set_preferences(self, principal: Principal, preferences: Preferences) -> None:
        """Hear from now on what these say; RequestError (invalid_input)."""
        _check_preferences(preferences)
        await self._preferences.set(principal.user_id, preferences)

    def _tell(self, user_id: str, event: str, payload: object) -> None:
        self._publisher.publish_to((user_room(user_id), notification_room(user_id)), event, payload)
        self._counts.touch(user_id)


def checked_wording(wording: Wording) -> Wording:
    """Return it; RequestError (invalid_input) says which part may not be so."""
    checked_text("title", wording.title, 1, 200)
    checked_text("content", wording.content, 0, 5000)
    checked_text("source", wording.source, 0, 64)
    checked_text("link", wording.link, 0, 2000)
    _check_type(wording.type)
    if wording.link and _LINK.fullmatch(wording.link) is None:
        raise RequestError(
            ErrorCode.INVALID_INPUT, "the link may be empty, a path that begins with one /, or an http or https address"
        )
    return wording


def place_of(name: str, notification_id: str) -> int:
    """Return the place that an id names; RequestError (invalid_input) for what cannot be one."""
    seq = seq_of(notification_id)
    if seq is None:
        raise RequestError(ErrorCode.INVALID_INPUT, f"{name} is no id of a notification")
    return seq


def _check_type(kind: str) -> None:
    if _TYPE.fullmatch(kind) is None:
        raise RequestError(
            ErrorCode.INVALID_INPUT, f"got type {kind[:40]!r}, allowed are 1 to 40 of a-z, 0-9 and _, a letter first"
        )


def _check_preferences(preferences: Preferences) -> None:
    if len(preferences.muted_types) > MAX_MUTED_TYPES:
        raise RequestError(ErrorCode.INVALID_INPUT, f"at most {MAX_MUTED_TYPES} types can be muted")
    for kind in preferences.muted_types:
        _check_type(kind)
    quiet = preferences.quiet_hours
    if quiet is None:
        return
    if not _TIME.fullmatch(quiet.begins) or not _TIME.fullmatch(quiet.ends):
        raise RequestError(ErrorCode.INVALID_INPUT, "quiet_hours go from HH:MM to HH:MM")
    try:
        zone_named(quiet.zone)
    except ValueError:
        raise RequestError(
            ErrorCode.INVALID_INPUT, f"got zone {quiet.zone[:60]!r}, allowed are IANA names and offsets such as +08:00"
        ) from None


def _notice(user_id: str, wording: Wording) -> Notice:
    words = Words(wording.title, wording.content)
    return Notice(user_id, lambda _: words, wording.type, wording.link, wording.source)


def _no_notification() -> RequestError:
    return RequestError(ErrorCode.NOT_FOUND, "there is no such notification of yours")
