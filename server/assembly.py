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
from server.errors import StartError
from server.limits import Rate
from server.market_assembly import MarketAssembly
from server.operation.operation import Operation
from server.product_readings import marks_readings, price_readings, writer_readings
from server.realtime.attendance import Attendance
from server.realtime.hub import Hub
from server.realtime.origins import OriginPolicy
from server.secret_files import read_or_create
from server.services.accounts import AccountService
from server.services.alert_watch import AlertWatch
from server.services.alerts import AlertService
from server.services.audit import AuditService
from server.services.conversation_news import ConversationNews
from server.services.conversations import ConversationService
from server.services.demo import ensure_demo_accounts
from server.services.enclosures import Enclosures
from server.services.files import FileService, FileSweeper
from server.services.friends import FriendService
from server.services.groups import GroupService
from server.services.health import HealthService
from server.services.listed_stocks import ListedStocks
from server.services.mark_writer import MarkWriter
from server.services.members import MemberService
from server.services.message_changes import MessageChangeService
from server.services.message_finder import MessageFinder
from server.services.message_limits import MessageLimits
from server.services.message_writer import MessageWriter
from server.services.messages import MessageService
from server.services.moderation import ModerationService
from server.services.presence import PresenceService
from server.services.prices import PriceService
from server.services.profiles import Profiles
from server.services.service_keys import ServiceKeyService
from server.services.sign_in_limits import SignInLimits
from server.services.stock_cards import StockCards
from server.services.stocks import StockService
from server.services.thumbnails import Thumbnails
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
        self._operation = operation
        self._stores = Repositories(mongo.database)
        self._profiles = Profiles(self._stores.users, clock)
        self._permits = WritePermits(clock)

    async def services(self, origins: OriginPolicy) -> Services:
        """Start everything in order; raises StartError, or RequestError when the database is away."""
        settings, stores = self._settings, self._stores
        accounts = await self._accounts()
        presence = self._presence()
        market = await MarketAssembly(settings, self._clock, self._stack, stores, self._hub).services()
        self._operation.add(price_readings(market.prices, self._clock))
        stocks = ListedStocks(market.instruments, market.prices.quote_of)
        texts = Texts(TEXTS)
        conversations = self._conversations()
        files = await self._files()
        limits = MessageLimits(self._clock, MESSAGE_RATE)
        writer = self._writer()
        return Services(
            accounts=accounts,
            members=MemberService(stores.users, stores.friendships, self._profiles, files, self._hub, self._clock),
            moderation=ModerationService(stores.users, accounts, self._clock),
            friends=self._friends(presence),
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
            stocks=StockService(market.instruments, market.prices.quote_of),
            market_status=market.status,
            attendance=Attendance(self._clock),
            watchlists=WatchlistService(stores.watchlists, stocks, self._hub, self._clock),
            alerts=await self._alerts(stocks, texts, market.prices),
            health=HealthService({"database": self._mongo.ping}),
            service_keys=ServiceKeyService(stores.service_keys, self._clock),
            audit=self._audit(),
            operation=self._operation,
            profiles=self._profiles,
            origins=origins,
            texts=texts,
            default_locale=settings.default_locale,
            prices_require_auth=settings.prices_require_auth,
            operator_without_token=settings.environment == "development",
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

    def _friends(self, presence: PresenceService) -> FriendService:
        stores = self._stores
        return FriendService(
            stores.friendships, stores.users, self._profiles, presence, self._permits, self._hub, self._clock
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

    def _writer(self) -> MessageWriter:
        stores = self._stores
        news = ConversationNews(stores.conversations, stores.messages, self._profiles, self._hub)
        self._stack.push_async_callback(news.close)
        writer = MessageWriter(stores.messages, stores.conversations, self._hub, news)
        self._stack.push_async_callback(writer.close)
        self._operation.add(writer_readings(writer))
        return writer

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

    async def _alerts(self, stocks: ListedStocks, texts: Texts, prices: PriceService) -> AlertService:
        alerts, phrase = self._stores.alerts, partial(texts.text, self._settings.default_locale)
        watch = AlertWatch(alerts, stocks, self._hub, self._clock, phrase)
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
