"""A whole community on a test's database, without a server: every repository and service, and what they publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from handlers.services import Services
from server.auth.keys import TokenKeys, secret_key
from server.auth.passwords import Passwords
from server.auth.tokens import AccessTokens
from server.clock import Clock
from server.domain.friends import FriendRequest
from server.domain.notifications import Wording
from server.domain.quotes import Quote
from server.domain.users import Principal
from server.limits import Rate
from server.market.instruments import INSTRUMENTS
from server.realtime.attendance import Attendance
from server.realtime.hub import WidePublisher
from server.realtime.open_streams import OpenStreams
from server.realtime.origins import OriginPolicy
from server.services.absence_notices import AbsenceNotices
from server.services.accounts import AccountService
from server.services.alert_watch import AlertWatch
from server.services.alerts import AlertService
from server.services.audit import AuditService
from server.services.conversation_news import ConversationNews
from server.services.conversations import ConversationService
from server.services.enclosures import Enclosures
from server.services.files import FileService, FileSweeper
from server.services.friends import FriendService
from server.services.groups import GroupService
from server.services.health import HealthService
from server.services.mark_writer import MarkWriter
from server.services.message_changes import MessageChangeService
from server.services.message_finder import MessageFinder
from server.services.message_limits import MessageLimits
from server.services.message_writer import MessageWriter
from server.services.messages import MessageService, Outgoing
from server.services.moderation import ModerationService
from server.services.notices import Notices
from server.services.notification_jobs import NotificationJobs
from server.services.notification_writer import NotificationWriter
from server.services.notifications import NotificationService
from server.services.people import PeopleService
from server.services.presence import PresenceService
from server.services.profiles import Profiles
from server.services.rate_limits import ReadLimits
from server.services.read_notices import ReadNotices
from server.services.service_keys import ServiceKeyService
from server.services.sign_in_limits import SignInLimits
from server.services.stock_cards import StockCards
from server.services.stocks import StockService
from server.services.task_assembly import TaskAssembly
from server.services.task_notices import TaskNotices
from server.services.thumbnails import Thumbnails
from server.services.unread_counts import UnreadCounts
from server.services.uploads import FileLimits, UploadService
from server.services.watchlists import WatchlistService
from server.services.write_permits import WritePermits
from server.storage.documents import Database
from server.storage.repositories import Repositories
from server.texts import Texts
from tests.support.clock import FakeClock
from tests.support.daily_bars import simulated_bars

TEXTS = Path(__file__).parents[2] / "static" / "texts"
FILE_LIMITS = FileLimits(max_file_bytes=1 << 20, quota_bytes=4 << 20)
EXTERNAL_TYPES = ("backtest", "training")
MESSAGE_RATE = Rate(1000, 100)
FOREVER = timedelta(days=36500)
"""The database's own clock ends what is kept for a time, and tests live in the past."""

SECRET = b"a secret of at least thirty-two bytes"


class Published(NamedTuple):
    """One event that was published."""

    room: str
    event: str
    payload: Any


class Told(NamedTuple):
    """One event that was published to several rooms at once."""

    rooms: Collection[str]
    event: str
    payload: Any
    spared: Collection[str]


class RecordingPublisher:
    """A `WidePublisher` that keeps everything, in order."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.told: list[Told] = []
        """What was published to several rooms at once."""
        self.evicted: list[tuple[str, str]] = []
        self.disconnected: list[tuple[str, str]] = []
        self.listeners: list[Callable[[Published], None]] = []
        self._news = asyncio.Event()

    def publish(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        volatile: bool = False,
        supersedes: Hashable | None = None,
        snapshot: Callable[[], object] | None = None,
    ) -> None:
        published = Published(room, event, payload)
        self.published.append(published)
        for listener in self.listeners:
            listener(published)
        self._news.set()

    def publish_to(
        self,
        rooms: Collection[str],
        event: str,
        payload: object,
        *,
        spared: Collection[str] = (),
        supersedes: Hashable | None = None,
    ) -> None:
        if event == "conversation_updated":  # which comes at any time
            self.told.append(Told(rooms, event, payload, spared))
            self._news.set()
            return
        for room in rooms:
            self.publish(room, event, payload, supersedes=supersedes)

    def evict(self, everyone_in: str, room: str) -> None:
        self.evicted.append((everyone_in, room))

    def disconnect(self, room: str, reason: str) -> None:
        self.disconnected.append((room, reason))

    def has_members(self, room: str) -> bool:
        return True

    def of(self, event: str, room: str | None = None) -> list[Any]:
        """Return the payloads of an event, in a room or in all."""
        return [item.payload for item in self.published if item.event == event and room in {None, item.room}]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what is published fulfils a condition."""
        while not condition():
            self._news.clear()
            await self._news.wait()


class NoNotices:
    """Notifies nobody of what friends do: a community without a server has nobody who waits for that to end."""

    def friend_requested(self, request: FriendRequest, who_sees: Collection[str]) -> None: ...

    def friend_accepted(self, request: FriendRequest) -> None: ...


class Community:
    """Everything behind the handlers, on one database; ``notifies``: also of what friends and writers do."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        publisher: WidePublisher,
        limits: SignInLimits | None = None,
        *,
        notifies: bool = False,
    ) -> None:
        self.database = database
        self.clock = clock
        stores = self.stores = Repositories(database, FOREVER)
        self.users = stores.users
        self.sessions = stores.login_sessions
        self.friendships = stores.friendships
        self.conversation_repository = stores.conversations
        self.message_repository = stores.messages
        self.passwords = Passwords()
        self.tokens = AccessTokens(TokenKeys([secret_key(SECRET)]), clock)
        self.profiles = Profiles(self.users, clock)
        self.accounts = AccountService(
            self.users, self.sessions, self.passwords, self.tokens, publisher, clock, limits=limits
        )
        self.files = FileService(stores.files, stores.messages, stores.conversations, self.users, clock)
        self.people = PeopleService(self.users, self.friendships, self.profiles, self.files, publisher, clock)
        self.moderation = ModerationService(self.users, self.accounts, clock)
        self.presence = PresenceService(stores.presences, self.friendships, publisher, clock)
        self.permits = WritePermits(clock)
        self.texts = Texts(TEXTS)
        self.counts = UnreadCounts(stores.notifications, publisher)
        self.notification_writer = NotificationWriter(stores.notifications, publisher, self.counts)
        self.notifications = NotificationService(
            stores.notifications,
            stores.notification_preferences,
            self.users,
            self.notification_writer,
            self.counts,
            publisher,
            clock,
            "en",
        )
        self.notification_jobs = NotificationJobs(
            stores.notification_jobs, self.users, self.presence, self.notifications, clock
        )
        self.notification_streams = OpenStreams(most_per_user=3)
        self.notices = Notices(self.notifications, self.texts.text)
        friend_notices = self.notices if notifies else NoNotices()
        self.absences = AbsenceNotices(stores.conversations, self.presence, self.notices, clock)
        self.friends = FriendService(
            self.friendships, self.users, self.profiles, self.presence, self.permits, friend_notices, publisher, clock
        )
        self.marks = MarkWriter(self.conversation_repository)
        self.conversations = ConversationService(
            self.conversation_repository,
            self.message_repository,
            self.friendships,
            self.profiles,
            self.marks,
            self.permits,
            publisher,
            clock,
        )
        self.read_notices = ReadNotices(self.notifications)
        self.conversations.on_read.append(self.read_notices.take)
        self.news = ConversationNews(self.conversation_repository, self.message_repository, self.profiles, publisher)
        self.writer = MessageWriter(self.message_repository, self.conversation_repository, publisher, self.news)
        if notifies:
            self.news.listeners.append(self.absences.take)
        self.groups = GroupService(
            stores.groups,
            self.friendships,
            self.message_repository,
            self.conversations,
            self.writer,
            self.profiles,
            publisher,
            clock,
        )
        self.quotes: dict[str, Quote] = {}
        self.message_limits = MessageLimits(clock, MESSAGE_RATE)
        self.messages = MessageService(
            self.message_repository,
            self.writer,
            self.conversations,
            self.profiles,
            clock,
            Enclosures(StockCards(INSTRUMENTS, self.quotes.get), self.files),
            self.message_limits,
        )
        self.finder = MessageFinder(
            self.message_repository, stores.message_search, self.conversations, self.profiles, clock
        )
        self.changes = MessageChangeService(
            self.message_repository,
            self.writer,
            self.conversations,
            self.profiles,
            publisher,
            clock,
            timedelta(seconds=120),
            self.message_limits,
        )
        self.uploads = UploadService(stores.files, Thumbnails(), clock, FILE_LIMITS)
        self.sweeper = FileSweeper(stores.files, stores.messages, self.users, clock)
        self._serve_market(publisher, notifies=notifies)
        self.health = HealthService({"database": lambda: database.command("ping")})
        self.service_keys = ServiceKeyService(stores.service_keys, clock)
        self.audit = AuditService(stores.audit, clock)

    def _serve_market(self, publisher: WidePublisher, *, notifies: bool) -> None:
        stores, clock, text = self.stores, self.clock, partial(self.texts.text, "en")
        self.task_parts = TaskAssembly(
            stores.tasks, simulated_bars(clock), INSTRUMENTS, EXTERNAL_TYPES, text, publisher, clock
        )
        if notifies:
            self.task_parts.journal.on_end.append(TaskNotices(self.notices, INSTRUMENTS).task_ended)
        self.tasks = self.task_parts.service
        self.stocks = StockService(INSTRUMENTS, self.quotes.get)
        self.watchlists = WatchlistService(stores.watchlists, self.stocks, publisher, clock)
        announcer = self.notifications if notifies else None
        self.watch = AlertWatch(stores.alerts, self.stocks, publisher, clock, self.texts.text, announcer)
        self.alerts = AlertService(stores.alerts, self.watch, self.stocks, clock)

    def services(self, market: Any = None, operation: Any = None) -> Services:
        """Return what handlers get; ``market`` are `tests.support.prices.MarketParts`."""
        return Services(
            accounts=self.accounts,
            people=self.people,
            moderation=self.moderation,
            friends=self.friends,
            presence=self.presence,
            conversations=self.conversations,
            groups=self.groups,
            messages=self.messages,
            changes=self.changes,
            files=self.files,
            uploads=self.uploads,
            finder=self.finder,
            prices=market.prices,
            bars=market.bars,
            signals=market.signals,
            stocks=market.stocks,
            market_status=market.status,
            attendance=Attendance(self.clock),
            tasks=self.tasks,
            task_workers=self.task_parts.workers,
            notifications=self.notifications,
            notification_jobs=self.notification_jobs,
            notification_streams=self.notification_streams,
            watchlists=self.watchlists,
            alerts=self.alerts,
            health=self.health,
            read_limits=ReadLimits(self.clock),
            service_keys=self.service_keys,
            audit=self.audit,
            operation=operation,
            profiles=self.profiles,
            origins=OriginPolicy(["http://allowed.example"]),
            texts=self.texts,
        )

    async def notified(self, user_id: str) -> str:
        """Notify a user of something; return the id of that."""
        await self.notifications.notify([user_id], Wording("news", "", "system", "", ""))
        return (await self.stores.notifications.newest(user_id, 1))[0].id

    async def settle_notifications(self) -> None:
        """Wait until everything has been notified of."""
        await self.absences.close()
        await self.read_notices.close()
        await self.notices.settle()
        await self.notification_jobs.settle()
        await self.notification_writer.close()
        await self.counts.close()

    async def member(self, username: str) -> Principal:
        """Make an account that nobody can log in to, and return who it is."""
        user = await self.users.add(username, username.capitalize(), "no password", self.clock.now())
        return Principal(user.id, username, self.sessions.new_id(), self.clock.now() + timedelta(minutes=30))

    async def befriend(self, one: Principal, other: Principal) -> None:
        await self.friendships.befriend(one.user_id, other.user_id, self.clock.now())

    async def friends_talking(self, one: Principal, other: Principal) -> str:
        """Make two members friends and return the id of their conversation."""
        await self.befriend(one, other)
        return (await self.conversations.open(one.user_id, None, other.user_id)).id

    async def group(self, owner: Principal, *others: Principal) -> str:
        """Let somebody make friends of the others and a group of them all; return its id."""
        for other in others:
            await self.befriend(owner, other)
        return (await self.groups.create(owner, "group", [other.user_id for other in others])).id

    async def say(self, sender: Principal, conversation_id: str, content: str, client_msg_id: str | None = None) -> Any:
        return await self.messages.send(sender, Outgoing(conversation_id, None, content, client_msg_id=client_msg_id))


def open_community(database: Database, publisher: RecordingPublisher | None = None) -> Community:
    """Return a community with a clock that stands still."""
    return Community(database, FakeClock(), publisher or RecordingPublisher())
