"""Makes the services of the product and gives each what it needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from handlers.services import Services
from server.auth.keys import MIN_SECRET_BYTES, TokenKeys, read_key_files, secret_key
from server.auth.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from server.auth.tokens import AccessTokens
from server.clock import Clock
from server.domain.bars import Period
from server.errors import StartError
from server.limits import Rate
from server.market_assembly import MarketAssembly
from server.operation.operation import Operation
from server.product_readings import marks_readings, price_readings, writer_readings
from server.realtime.attendance import Attendance
from server.realtime.hub import Hub
from server.realtime.open_streams import OpenStreams
from server.realtime.origins import OriginPolicy
from server.secret_files import read_or_create
from server.services.absence_notices import AbsenceNotices
from server.services.accounts import AccountService
from server.services.alert_watch import AlertWatch
from server.services.alerts import AlertService
from server.services.analysis_task import DailyBars
from server.services.audit import AuditService
from server.services.conversation_news import ConversationNews
from server.services.conversations import ConversationService
from server.services.demo import ensure_demo_accounts
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
from server.services.messages import MessageService
from server.services.moderation import ModerationService
from server.services.notices import Notices
from server.services.notification_jobs import NotificationJobs
from server.services.notification_writer import NotificationWriter
from server.services.notifications import NotificationService
from server.services.people import PeopleService
from server.services.presence import PresenceService
from server.services.prices import PriceService
from server.services.profiles import Profiles
from server.services.service_keys import ServiceKeyService
from server.services.sign_in_limits import SignInLimits
from server.services.stock_cards import StockCards
from server.services.stocks import StockService
from server.services.task_assembly import TaskAssembly, TaskLimits
from server.services.task_notices import TaskNotices
from server.services.task_runner import RunLimits
from server.services.thumbnails import Thumbnails
from server.services.unread_counts import UnreadCounts
from server.services.uploads import FileLimits, UploadService
from server.services.watchlists import WatchlistService
from server.services.write_permits import WritePermits
from server.settings import Settings
from server.storage.mongo import Mongo
from server.storage.repositories import Repositories
from server.terminal import say
from server.texts import Texts

MESSAGE_RATE = Rate(200, 50)
"""What each member may write in a process, over all connections."""

TEXTS = Path(__file__).resolve().parent.parent / "static" / "texts"


class Assembly:
    """Starts the services over an open database; how each is stopped again goes onto the stack."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        stack: AsyncExitStack,
        mongo: Mongo,
        hub: Hub,
        operation: Operation,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._stack = stack
        self._mongo = mongo
        self._hub = hub
        self._stores = Repositories(mongo.database, timedelta(days=settings.notification_retention))
        self._operation = operation
        self._profiles = Profiles(self._stores.users, clock)
        self._permits = WritePermits(clock)
        self._texts = Texts(TEXTS)

    async def services(self, origins: OriginPolicy) -> Services:
        """Start everything in order; raises StartError, or RequestError when the database is away."""
        settings, stores = self._settings, self._stores
        accounts = await self._accounts()
        presence = self._presence()
        market = await MarketAssembly(settings, self._clock, self._stack, stores, self._hub).services()
        self._operation.add(price_readings(market.prices, self._clock))
        stocks = StockService(market.instruments, market.prices.quote_of)
        conversations = self._conversations()
        files = await self._files()
        limits = MessageLimits(self._clock, MESSAGE_RATE)
        notifications = self._notifications()
        notices = self._notices(notifications)
        writer = self._writer(presence, notices)
        tasks = await self._tasks(lambda symbol, count: market.bars.newest(symbol, Period.DAY, count), notifications)
        return Services(
            accounts=accounts,
            people=PeopleService(stores.users, stores.friendships, self._profiles, files, self._hub, self._clock),
            moderation=ModerationService(stores.users, accounts, self._clock),
            friends=self._friends(presence, notices),
            presence=presence,
            conversations=conversations,
            groups=self._groups(conversations, writer),
            messages=MessageService(
                self._stores.messages,
                writer,
                conversations,
                self._profiles,
                self._clock,
                Enclosures(StockCards(market.instruments, market.prices.quote_of), files),
                limits,
            ),
            changes=self._changes(conversations, writer, limits),
            finder=MessageFinder(stores.messages, stores.message_search, conversations, self._profiles, self._clock),
            files=files,
            uploads=self._uploads(),
            prices=market.prices,
            bars=market.bars,
            signals=market.signals,
            stocks=stocks,
            market_status=market.status,
            attendance=Attendance(self._clock),
            tasks=tasks.service,
            task_workers=tasks.workers,
            watchlists=WatchlistService(stores.watchlists, stocks, self._hub, self._clock),
            alerts=await self._alerts(stocks, notifications, market.prices),
            notifications=notifications,
            notification_jobs=self._notification_jobs(notifications),
            notification_streams=OpenStreams(self._settings.ws_max_connections_per_user),
            health=HealthService({"database": self._mongo.ping}),
            service_keys=ServiceKeyService(stores.service_keys, self._clock),
            audit=self._audit(),
            operation=self._operation,
            profiles=self._profiles,
            origins=origins,
            texts=self._texts,
            default_locale=settings.default_locale,
            prices_require_auth=settings.prices_require_auth,
            diagnostics=settings.diagnostics,
            operator_without_token=settings.environment == "development",
            heartbeat_seconds=settings.ws_heartbeat_interval,
        )

    async def _accounts(self) -> AccountService:
        settings, clock, stores = self._settings, self._clock, self._stores
        passwords = Passwords()
        self._stack.callback(passwords.close)
        tokens = AccessTokens(self._token_keys(), clock, settings.access_token_ttl)
        limits = SignInLimits(
            clock,
            settings.login_attempts_per_account,
            settings.login_attempts_per_address,
            settings.registrations_per_address,
        )
        lifetime = timedelta(seconds=settings.refresh_token_ttl)
        accounts = AccountService(
            stores.users, stores.login_sessions, passwords, tokens, self._hub, clock, lifetime, limits
        )
        if settings.demo_accounts:
            password = self._demo_password()
            await ensure_demo_accounts(accounts, stores.users, stores.friendships, passwords, clock, password)
        return accounts

    def _audit(self) -> AuditService:
        audit = AuditService(self._stores.audit, self._clock, timedelta(seconds=self._settings.audit_retention))
        self._stack.push_async_callback(audit.close)
        return audit

    def _presence(self) -> PresenceService:
        stores, grace = self._stores, self._settings.presence_grace
        presence = PresenceService(stores.presences, stores.friendships, self._hub, self._clock, grace)
        presence.start()
        self._stack.push_async_callback(presence.stop)
        return presence

    def _friends(self, presence: PresenceService, notices: Notices) -> FriendService:
        stores = self._stores
        return FriendService(
            stores.friendships, stores.users, self._profiles, presence, self._permits, notices, self._hub, self._clock
        )

    def _conversations(self) -> ConversationService:
        stores = self._stores
        marks = MarkWriter(stores.conversations)
        self._operation.add(marks_readings(marks))
        self._stack.push_async_callback(marks.close)
        return ConversationService(
            stores.conversations,
            stores.messages,
            stores.friendships,
            self._profiles,
            marks,
            self._permits,
            self._hub,
            self._clock,
        )

    def _writer(self, presence: PresenceService, notices: Notices) -> MessageWriter:
        stores = self._stores
        absences = AbsenceNotices(stores.conversations, presence, notices, self._clock)
        self._stack.push_async_callback(absences.close)
        news = ConversationNews(stores.conversations, stores.messages, self._profiles, self._hub)
        news.listeners.append(absences.take)
        self._stack.push_async_callback(news.close)
        writer = MessageWriter(stores.messages, stores.conversations, self._hub, news)
        self._stack.push_async_callback(writer.close)
        self._operation.add(writer_readings(writer))
        return writer

    def _notifications(self) -> NotificationService:
        stores = self._stores
        counts = UnreadCounts(stores.notifications, self._hub)
        self._stack.push_async_callback(counts.close)
        writer = NotificationWriter(stores.notifications, self._hub, counts)
        self._stack.push_async_callback(writer.close)
        return NotificationService(
            stores.notifications,
            stores.notification_preferences,
            stores.users,
            writer,
            counts,
            self._hub,
            self._clock,
            self._settings.default_locale,
        )

    def _notification_jobs(self, notifications: NotificationService) -> NotificationJobs:
        stores = self._stores
        jobs = NotificationJobs(stores.notification_jobs, stores.users, notifications, self._clock)
        jobs.start()
        self._stack.push_async_callback(jobs.close)
        return jobs

    def _notices(self, notifications: NotificationService) -> Notices:
        notices = Notices(notifications, self._texts.text)
        self._stack.push_async_callback(notices.settle)
        return notices

    def _groups(self, conversations: ConversationService, writer: MessageWriter) -> GroupService:
        stores = self._stores
        return GroupService(
            stores.groups,
            stores.friendships,
            stores.messages,
            conversations,
            writer,
            self._profiles,
            self._hub,
            self._clock,
        )

    def _changes(
        self, conversations: ConversationService, writer: MessageWriter, limits: MessageLimits
    ) -> MessageChangeService:
        window = timedelta(seconds=self._settings.recall_window)
        return MessageChangeService(
            self._stores.messages, writer, conversations, self._profiles, self._hub, self._clock, window, limits
        )

    async def _files(self) -> FileService:
        stores = self._stores
        sweeper = FileSweeper(stores.files, stores.messages, stores.users, self._clock)
        await sweeper.start()
        self._stack.callback(sweeper.stop)
        return FileService(stores.files, stores.messages, stores.conversations, stores.users, self._clock)

    def _uploads(self) -> UploadService:
        limits = FileLimits(self._settings.max_file_size, self._settings.file_quota)
        uploads = UploadService(self._stores.files, Thumbnails(), self._clock, limits)
        self._stack.push_async_callback(uploads.close)
        return uploads

    def _local_text(self, locale: str | None, key: str, /, **values: object) -> str:
        return self._texts.text(locale or self._settings.default_locale, key, **values)

    async def _tasks(self, bars: DailyBars, notifications: NotificationService) -> TaskAssembly:
        settings = self._settings
        limits = TaskLimits(
            RunLimits(settings.task_workers, settings.task_time_limit),
            timedelta(seconds=settings.task_worker_timeout),
            timedelta(seconds=settings.task_retention),
        )
        text = partial(self._texts.text, settings.default_locale)
        notices = TaskNotices(self._stores.users, notifications, self._local_text)
        self._stack.push_async_callback(notices.close)
        tasks = TaskAssembly(
            self._stores.tasks, bars, settings.external_task_types, text, self._hub, self._clock, limits, notices
        )
        await tasks.runner.start()
        self._stack.push_async_callback(tasks.runner.stop)
        return tasks

    async def _alerts(
        self, stocks: StockService, notifications: NotificationService, prices: PriceService
    ) -> AlertService:
        alerts = self._stores.alerts
        watch = AlertWatch(alerts, stocks, self._hub, self._clock, self._texts.text, notifications)
        self._stack.push_async_callback(watch.close)
        await watch.load()
        prices.on_quotes.append(watch.take)
        return AlertService(alerts, watch, stocks, self._clock)

    def _token_keys(self) -> TokenKeys:
        settings = self._settings
        keys = read_key_files(settings.jwt_key_files, must_be_private=settings.environment == "production")
        if settings.jwt_secret or not keys:
            keys.append(secret_key(self._jwt_secret()))
        return TokenKeys(keys)

    def _jwt_secret(self) -> bytes:
        given = self._settings.jwt_secret
        secret = (given or self._secret("jwt_secret", 48)).encode()
        if len(secret) < MIN_SECRET_BYTES:
            path = Path(self._settings.data_dir) / "jwt_secret"
            raise StartError(f"{path} holds less than {MIN_SECRET_BYTES} bytes; delete it, and a new one is made")
        return secret

    def _demo_password(self) -> str:
        password = self._secret("demo_password", 9)
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            path, allowed = Path(self._settings.data_dir) / "demo_password", f"{MIN_CHARACTERS} to {MAX_CHARACTERS}"
            raise StartError(f"{path} holds {len(password)} characters, allowed are {allowed}; delete or correct it")
        # For the person at the terminal alone; a log may be read by others.
        say(f"Demo accounts alice, bob and carol: password {password}")
        return password

    def _secret(self, name: str, length_bytes: int) -> str:
        path = Path(self._settings.data_dir) / name
        try:
            return read_or_create(path, length_bytes)
        except OSError as error:
            raise StartError(f"{path} can be neither read nor made: {error.strerror}") from error
        except UnicodeError as error:
            raise StartError(f"{path} is not UTF-8 text; delete it, and a new one is made") from error
