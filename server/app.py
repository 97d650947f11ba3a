"""The one place where everything is joined: start in order, serve until a signal, stop in reverse."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application, RequestHandler

from handlers import routes
from handlers.events import registration
from handlers.pages import StaticHandler
from handlers.services import Services
from server.auth.passwords import Passwords
from server.auth.tokens import AccessTokens
from server.clock import Clock, SystemClock
from server.errors import RequestError, StartError
from server.market.instruments import INSTRUMENTS
from server.market.sources.simulated import SimulatedSource
from server.market.strategies import STRATEGIES
from server.protocol.engineio_session import EngineOptions
from server.realtime.handshake import Handshake
from server.realtime.hub import Hub
from server.realtime.origins import OriginPolicy
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer, SocketOptions
from server.secret_files import read_or_create
from server.services.accounts import AccountService
from server.services.conversations import ConversationService
from server.services.demo import ensure_demo_accounts
from server.services.friends import FriendService
from server.services.health import HealthService
from server.services.message_writer import MessageWriter
from server.services.messages import MessageService
from server.services.prices import PriceService
from server.services.profiles import Profiles
from server.settings import Settings
from server.storage.conversations import ConversationRepository
from server.storage.embedded import EmbeddedMongod
from server.storage.friendships import FriendshipRepository
from server.storage.indexes import create_indexes
from server.storage.login_sessions import LoginSessionRepository
from server.storage.messages import MessageRepository
from server.storage.mongo import Mongo
from server.storage.users import UserRepository
from server.texts import Texts, negotiate

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
BODY_TIMEOUT_SECONDS = 30
IDLE_TIMEOUT_SECONDS = 75
RECONNECT_IN_MS = 1000


class Server:
    """One running server; `start` and `stop` may be called once each."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._stack = AsyncExitStack()
        self.urls: list[str] = []
        """Where it listens."""

    async def start(self) -> None:
        """Start everything, the listener last; what was started is stopped again when something fails.

        Raises:
            StartError: one sentence that says what is wrong and what to do.
        """
        try:
            mongo = await self._open_database()
            runtime = self._open_runtime()
            sio = self._open_socketio(runtime)
            services = await self._open_services(mongo, runtime.hub, sio.engine.origins)
            self._register_events(sio, services)
            self._listen(self._application(runtime, sio, services), sio, runtime)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop accepting, tell the clients, finish what was begun, close the database: the start in reverse."""
        await self._stack.aclose()

    async def _open_database(self) -> Mongo:
        settings = self._settings
        uri = settings.mongodb_uri
        if not uri:
            mongod = EmbeddedMongod(Path(settings.data_dir), settings.mongod or None)
            uri = await mongod.start()
            self._stack.push_async_callback(mongod.stop)
        mongo = await Mongo.open(uri, settings.mongodb_database)
        self._stack.callback(mongo.close)
        try:
            await create_indexes(mongo.database)
        except RequestError as error:
            raise StartError(f"the database's indexes cannot be made: {error.detail}") from error
        return mongo

    def _open_runtime(self) -> Runtime:
        settings = self._settings
        runtime = Runtime(
            clock=self._clock,
            reader=settings.reader,
            max_payload_bytes=settings.max_http_buffer_size,
            outbox_limit_bytes=settings.outbox_limit,
        )
        runtime.start()
        self._stack.callback(runtime.stop)
        return runtime

    def _open_socketio(self, runtime: Runtime) -> SocketIOServer:
        settings = self._settings
        return SocketIOServer(
            runtime,
            options=SocketOptions(settings.connect_timeout, settings.max_pending_events),
            engine_options=EngineOptions(
                ping_interval=settings.ping_interval,
                ping_timeout=settings.ping_timeout,
                max_payload_bytes=settings.max_http_buffer_size,
                upgrade_timeout=settings.upgrade_timeout,
                outbox_limit_bytes=settings.outbox_limit,
            ),
            origins=OriginPolicy(settings.socketio_cors_origins),
        )

    async def _open_services(self, mongo: Mongo, hub: Hub, origins: OriginPolicy) -> Services:
        settings, clock, database = self._settings, self._clock, mongo.database
        users, friendships = UserRepository(database), FriendshipRepository(database)
        conversations, messages = ConversationRepository(database), MessageRepository(database)
        passwords = Passwords()
        self._stack.callback(passwords.close)
        tokens = AccessTokens(self._jwt_secret(), clock, settings.access_token_ttl)
        lifetime = timedelta(seconds=settings.refresh_token_ttl)
        sessions = LoginSessionRepository(database)
        accounts = AccountService(users, sessions, passwords, tokens, hub, clock, lifetime)
        if settings.demo_accounts:
            password = self._demo_password()
            await ensure_demo_accounts(accounts, users, friendships, passwords, clock, password)
        profiles = Profiles(users, clock)
        conversation_service = ConversationService(conversations, messages, friendships, profiles, clock)
        writer = MessageWriter(messages, conversations, hub)
        self._stack.push_async_callback(writer.close)
        return Services(
            accounts=accounts,
            friends=FriendService(friendships, users, profiles, hub, clock),
            conversations=conversation_service,
            messages=MessageService(messages, writer, conversation_service, profiles, clock),
            prices=self._open_prices(hub),
            health=HealthService({"database": mongo.ping}),
            origins=origins,
            texts=Texts(ROOT / "static" / "texts"),
            default_locale=settings.default_locale,
        )

    def _open_prices(self, hub: Hub) -> PriceService:
        prices = PriceService(
            SimulatedSource(INSTRUMENTS, self._clock),
            hub,
            self._clock,
            instruments=INSTRUMENTS,
            strategies=STRATEGIES,
            has_members=hub.has_members,
            interval_seconds=self._settings.price_push_interval,
        )
        prices.start()
        self._stack.push_async_callback(prices.stop)
        return prices

    def _jwt_secret(self) -> bytes:
        given = self._settings.jwt_secret
        return given.encode() if given else self._secret("jwt_secret", 48).encode()

    def _demo_password(self) -> str:
        password = self._secret("demo_password", 9)
        # For the person at the terminal alone; a log may be read by others.
        print(f"Demo accounts alice, bob and carol: password {password}", flush=True)  # noqa: T201
        return password

    def _secret(self, name: str, length_bytes: int) -> str:
        path = Path(self._settings.data_dir) / name
        try:
            return read_or_create(path, length_bytes)
        except OSError as error:
            raise StartError(f"{path} can be neither read nor made: {error.strerror}") from error

    def _register_events(self, sio: SocketIOServer, services: Services) -> None:
        def describe(error: RequestError, handshake: Handshake) -> str:
            language = negotiate(handshake.headers.get("accept-language"), services.default_locale)
            text = services.texts.text(language, f"errors.{error.code.slug}")
            if not error.detail:
                return text
            return services.texts.text(language, "rest.with_detail", text=text, detail=error.detail)

        sio.describe = describe
        registration.register(sio.root, services, self._clock)

    def _application(self, runtime: Runtime, sio: SocketIOServer, services: Services) -> Application:
        authenticate = services.accounts.authenticate if self._settings.prices_require_auth else None
        return Application(
            routes.table(runtime, sio, services, authenticate),
            template_path=str(ROOT / "templates"),
            static_path=str(ROOT / "static"),
            static_handler_class=StaticHandler,
            static_handler_args={"origins": services.origins},
            log_function=_log_request,
        )

    def _listen(self, application: Application, sio: SocketIOServer, runtime: Runtime) -> None:
        settings = self._settings
        server = HTTPServer(
            application, body_timeout=BODY_TIMEOUT_SECONDS, idle_connection_timeout=IDLE_TIMEOUT_SECONDS
        )
        try:
            if settings.unix_socket:
                server.add_socket(bind_unix_socket(settings.unix_socket, mode=0o660))
                self.urls.append(f"unix:{settings.unix_socket}")
            else:
                sockets = bind_sockets(settings.port, settings.address, backlog=4096)
                server.add_sockets(sockets)
                self.urls.append(f"http://{settings.address}:{sockets[0].getsockname()[1]}/")
        except OSError as error:
            where = settings.unix_socket or f"{settings.address}:{settings.port}"
            what = f"cannot listen on {where}: {error.strerror}"
            raise StartError(f"{what}; choose another --port or --address") from error
        self._stack.push_async_callback(self._drain, server, sio, runtime)

    async def _drain(self, server: HTTPServer, sio: SocketIOServer, runtime: Runtime) -> None:
        """Refuse new connections, send the clients away (they come back by themselves), let handlers end."""
        server.stop()
        sio.emit("server_shutdown", {"reconnect_in_ms": RECONNECT_IN_MS})
        try:
            async with asyncio.timeout(self._settings.drain_timeout):
                await sio.close()
        except TimeoutError:
            logger.warning("handlers were still running after %s s", self._settings.drain_timeout)
        runtime.connections.say_goodbye("server shutting down")
        await server.close_all_connections()


def _log_request(handler: RequestHandler) -> None:
    """Log what failed, by its path alone: a query may hold a token."""
    status = handler.get_status()
    level = logging.ERROR if status >= 500 else logging.DEBUG
    request: Any = handler.request
    milliseconds = 1000 * request.request_time()
    logger.log(level, "%d %s %s %s %.1f ms", status, request.method, request.path, request.remote_ip, milliseconds)


async def _serve(settings: Settings) -> None:
    started = time.monotonic()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    stopping = asyncio.Event()

    def on_signal() -> None:
        if not stopping.is_set() and not serving.is_set() and task is not None:
            task.cancel()  # still starting: give up, and stop what was started
        stopping.set()

    serving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    server = Server(settings)
    try:
        await server.start()
    except asyncio.CancelledError:
        if stopping.is_set():
            return
        raise
    serving.set()
    seconds = time.monotonic() - started
    print(f"Stock Insight is listening on {', '.join(server.urls)} (after {seconds:.1f} s)", flush=True)  # noqa: T201
    await stopping.wait()
    logger.info("stopping")
    await server.stop()


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code: 0, or 2 when the start failed."""
    try:
        asyncio.run(_serve(settings))
    except StartError as error:
        print(f"Stock Insight cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0
