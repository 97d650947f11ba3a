"""The one place where everything is joined: start in order, serve until a signal, stop in reverse."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application, RequestHandler

from handlers import routes
from handlers.events import registration
from handlers.pages import NothingHandler
from handlers.rest.metrics import OpenMetricsHandler
from handlers.services import Services
from handlers.streams.front import FrontServer
from server.assembly.product import open_services
from server.clock import Clock, SystemClock
from server.errors import RequestError, StartError
from server.metrics import Metrics
from server.operation.operation import Operation
from server.protocol.engineio_session import EngineOptions
from server.protocol.forwarding import TrustedProxies
from server.realtime.handshake import Handshake
from server.realtime.origins import OriginPolicy
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer, SocketOptions
from server.settings import Settings
from server.settings_help import shown_settings
from server.storage.embedded import EmbeddedMongod
from server.storage.indexes import open_database
from server.storage.mongo import Mongo
from server.terminal import say
from server.texts import negotiate

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
READ_BODY_BYTES = 1 << 20
"""What is read of a body before a REST handler refuses it with the reason; a longer one is cut."""

BODY_TIMEOUT_SECONDS = 30
IDLE_TIMEOUT_SECONDS = 75
RECONNECT_IN_MS = 1000
POLL_SECONDS = 0.01
BACKLOG = 4096


class Server:
    """One running server; `start` and `stop` may be called once each."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._stack = AsyncExitStack()
        self.urls: list[str] = []
        """Where it listens."""
        self.metrics_port = 0
        """Where it tells its figures to everyone, if it does."""
        self.stopping = asyncio.Event()
        """Set, also from outside, when it is time to call `stop`."""
        self.failure = ""
        """One sentence when it has to stop because of a failure."""

    async def start(self) -> None:
        """Start everything, the listener last; what was started is stopped again when something fails.

        Raises:
            StartError: one sentence that says what is wrong and what to do.
        """
        try:
            runtime = self._open_runtime()
            mongo = await self._open_database(runtime)
            operation = self._open_operation(runtime)
            sio = self._open_socketio(runtime)
            services = await open_services(
                self._settings, self._clock, self._stack, mongo, runtime.hub, operation, sio.engine.origins
            )
            self._register_events(sio, services, runtime)
            http = self._listen(self._application(runtime, sio, services), runtime, sio)
            self._stack.push_async_callback(self._drain, http, sio, runtime, services)
            self._listen_for_metrics(operation)
        except (RequestError, PyMongoError) as error:
            await self.stop()
            raise StartError(f"the database failed: {error}") from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop accepting, tell the clients, finish what was begun, close the database: the start in reverse."""
        await self._stack.aclose()

    async def _open_database(self, runtime: Runtime) -> Mongo:
        settings = self._settings
        if settings.mongodb_uri:
            return await self._open_mongo(settings.mongodb_uri, runtime)
        mongod = EmbeddedMongod(Path(settings.data_dir), settings.mongod or None)
        uri = await mongod.start()
        self._stack.push_async_callback(mongod.stop)
        mongo = await self._open_mongo(uri, runtime)
        watch = asyncio.create_task(self._watch(mongod, mongo))
        self._stack.callback(watch.cancel)
        return mongo

    async def _open_mongo(self, uri: str, runtime: Runtime) -> Mongo:
        return await open_database(uri, self._settings.mongodb_database, self._stack, runtime.metrics.note_command)

    async def _watch(self, mongod: EmbeddedMongod, mongo: Mongo) -> None:
        self.failure = await mongod.wait_died()
        logger.error("%s", self.failure)
        mongo.close()  # what is still asked of it fails at once instead of waiting for an answer
        self.stopping.set()

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

    def _open_operation(self, runtime: Runtime) -> Operation:
        operation = Operation(runtime, version("stock-insight"), shown_settings(self._settings))
        operation.loop_lag.start()
        self._stack.callback(operation.loop_lag.stop)
        return operation

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
                allow_eio3=settings.allow_eio3,
            ),
            origins=OriginPolicy(settings.socketio_cors_origins),
        )

    def _register_events(self, sio: SocketIOServer, services: Services, runtime: Runtime) -> None:
        def describe(error: RequestError, handshake: Handshake) -> str:
            language = negotiate(handshake.headers.get("accept-language"), services.default_locale)
            text = services.texts.text(language, f"errors.{error.code.slug}")
            if not error.detail:
                return text
            return services.texts.text(language, "rest.with_detail", text=text, detail=error.detail)

        sio.describe = describe
        registration.register(sio, services, runtime)

    def _application(self, runtime: Runtime, sio: SocketIOServer, services: Services) -> Application:
        authenticate = services.accounts.authenticate if self._settings.prices_require_auth else None
        return Application(
            routes.table(runtime, sio, services, authenticate),
            template_path=str(ROOT / "templates"),
            default_handler_class=NothingHandler,
            default_handler_args={"origins": services.origins},
            log_function=partial(note_request, runtime.metrics),
        )

    def _listen(self, application: Application, runtime: Runtime, sio: SocketIOServer) -> FrontServer:
        settings = self._settings
        server = FrontServer(
            application,
            # Tornado reads a whole body before it asks a handler; those that take more ask for it themselves.
            max_body_size=READ_BODY_BYTES,
            body_timeout=BODY_TIMEOUT_SECONDS,
            idle_connection_timeout=IDLE_TIMEOUT_SECONDS,
        )
        server.trust(TrustedProxies(settings.trusted_proxies))
        if settings.polling_front:
            server.serve_in_front(runtime, {"/socket.io/": sio.engine})
        try:
            if settings.unix_socket:
                server.add_socket(_bind_unix(settings.unix_socket))
                self.urls.append(f"unix:{settings.unix_socket}")
            else:
                sockets = bind_sockets(settings.port, settings.address, backlog=BACKLOG)
                server.add_sockets(sockets)
                self.urls.append(f"http://{settings.address}:{sockets[0].getsockname()[1]}/")
        except (OSError, ValueError) as error:
            where = settings.unix_socket or f"{settings.address}:{settings.port}"
            what = f"cannot listen on {where}: {getattr(error, 'strerror', None) or error}"
            choice = "--unix_socket" if settings.unix_socket else "--port or --address"
            raise StartError(f"{what}; choose another {choice}") from error
        return server

    def _listen_for_metrics(self, operation: Operation) -> None:
        """Tell the figures on an address of their own, where the settings name one."""
        where = self._settings.metrics_address
        if not where:
            return
        host, _, port = where.rpartition(":")
        server = HTTPServer(Application([(r"/metrics", OpenMetricsHandler, {"exposition": operation.exposition})]))
        try:
            sockets = bind_sockets(int(port), host.strip("[]"))
        except (OSError, OverflowError) as error:
            raise StartError(f"cannot listen on {where}: {error}; choose another --metrics_address") from error
        server.add_sockets(sockets)
        self._stack.push_async_callback(server.close_all_connections)
        self._stack.callback(server.stop)
        self.metrics_port = sockets[0].getsockname()[1]

    async def _drain(self, http: FrontServer, sio: SocketIOServer, runtime: Runtime, services: Services) -> None:
        """Refuse new connections, send the clients away (they come back by themselves), let handlers end."""
        services.health.draining = True
        http.stop()
        self._remove_unix_socket()
        sio.emit("server_shutdown", {"reconnect_in_ms": RECONNECT_IN_MS})
        try:
            async with asyncio.timeout(self._settings.drain_timeout):
                await asyncio.gather(sio.close(), _until_empty(services.unfinished))
        except TimeoutError:
            logger.warning("handlers were still running after %s s", self._settings.drain_timeout)
        runtime.connections.say_goodbye("server shutting down")
        await http.close_all_connections()

    def _remove_unix_socket(self) -> None:
        if self._settings.unix_socket:
            Path(self._settings.unix_socket).unlink(missing_ok=True)


async def _until_empty(unfinished: set[object]) -> None:
    while unfinished:
        await asyncio.sleep(POLL_SECONDS)


def _bind_unix(path: str) -> socket.socket:
    """Listen on a unix socket; one that a dead server left behind is replaced, one that answers is not.

    Raises OSError or ValueError.
    """
    with socket.socket(socket.AF_UNIX) as probe, suppress(FileNotFoundError, ConnectionRefusedError):
        probe.setblocking(False)
        with suppress(BlockingIOError):  # its backlog is full, but it lives
            probe.connect(path)
        raise ValueError("another server is listening there")
    return bind_unix_socket(path, mode=0o660, backlog=BACKLOG)


def note_request(metrics: Metrics, handler: RequestHandler) -> None:
    """Count a request, and log what failed, by its path alone: a query may hold a token."""
    status = handler.get_status()
    counted = routes.pattern_of(type(handler)), f"{status // 100}xx"
    metrics.http_requests[counted] = metrics.http_requests.get(counted, 0) + 1
    level = logging.ERROR if status >= 500 else logging.DEBUG
    request: Any = handler.request
    milliseconds = 1000 * request.request_time()
    logger.log(level, "%d %s %s %s %.1f ms", status, request.method, request.path, request.remote_ip, milliseconds)


def _raise_file_limit() -> None:
    """Every connection is an open file: allow as many as this user may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: Settings) -> str:
    """Serve until it is time to stop; return why it had to, or nothing when it was told to."""
    begun = time.monotonic()
    server = Server(settings)
    starting = asyncio.create_task(server.start())

    def on_signal() -> None:
        if not server.stopping.is_set():
            starting.cancel()  # still starting: give up, and stop what was started
        server.stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    try:
        await starting
    except asyncio.CancelledError:
        if server.stopping.is_set():
            return ""
        raise
    try:
        seconds = time.monotonic() - begun
        say(f"Stock Insight is listening on {', '.join(server.urls)} (after {seconds:.1f} s)")
        await server.stopping.wait()
        logger.info("stopping")
    finally:
        await server.stop()
    logger.info("stopped")
    return server.failure


def run(settings: Settings) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP; return the exit code: 0, 1 after a failure, 2 when the start failed."""
    _raise_file_limit()
    try:
        failure = asyncio.run(_serve(settings))
    except StartError as error:
        print(f"Stock Insight cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 2
    if failure:
        print(f"Stock Insight had to stop: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
