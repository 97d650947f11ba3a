"""The Socket.IO server: namespaces on top of Engine.IO. The class an application starts from."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from server.errors import RequestError
from server.protocol.engineio_session import EngineOptions
from server.realtime.broadcast import Audience, Broadcast
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import AllowRequest, EngineIOServer, RefusalListener
from server.realtime.handshake import Handshake
from server.realtime.namespaces import DynamicNamespace, Matcher, Namespace
from server.realtime.origins import OriginPolicy
from server.realtime.recovery import Recovery, RecoveryOptions
from server.realtime.registration import Behaviour, Registration
from server.realtime.runtime import Runtime
from server.realtime.socketio_client import SocketIOClient

logger = logging.getLogger(__name__)

AllowRequestHook = TypeVar("AllowRequestHook", bound=AllowRequest)
RefusalHook = TypeVar("RefusalHook", bound=RefusalListener)


class SocketOptions(NamedTuple):
    """Times in seconds."""

    connect_timeout: float = 45.0
    max_pending_events: int = 64
    max_pending_bytes: int = 1_000_000
    max_attachments: int = 10
    max_namespaces: int = 64
    """Of one connection, those included that it waits to be let into."""
    recovery: RecoveryOptions | None = None
    """Connection state recovery, in every namespace but dynamic ones; None: off."""


class SocketIOServer(Registration, Audience):
    """Serves Socket.IO 5 clients, and those of version 2. The root namespace's methods are its own."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        options: SocketOptions | None = None,
        engine_options: EngineOptions | None = None,
        origins: OriginPolicy | None = None,
    ) -> None:
        self.hub = runtime.hub
        self.options = options or SocketOptions()
        self.clock = runtime.clock
        self.deadlines = runtime.deadlines
        self.metrics = runtime.metrics
        self.engine = EngineIOServer(
            self._open,
            engine_options or EngineOptions(),
            runtime.context,
            runtime.connections,
            origins or OriginPolicy(),
        )
        runtime.engines.append(self.engine)
        self.describe: Callable[[RequestError, Handshake], str] = _describe
        """Puts an error into words for one client."""
        self.dynamic_namespaces: list[DynamicNamespace] = []
        """In order of registration: the first that matches a name has it."""
        self._namespaces: dict[str, Namespace] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.root = self.namespace("/")
        self.behaviour = self.root.behaviour

    def namespace(self, name: str) -> Namespace:
        """Return the namespace ``name`` (with its slash), made at first use."""
        if not name.startswith("/"):
            raise ValueError(f"a namespace begins with a slash; got {name!r}")
        namespace = self._namespaces.get(name)
        if namespace is None:
            if any(name in dynamic.children for dynamic in self.dynamic_namespaces):
                raise ValueError(f"{name!r} is in use as the child of a dynamic namespace")
            namespace = self._namespaces[name] = Namespace(name, self.hub, self.hub.rooms(name), Behaviour())
            if self.options.recovery is not None:
                engine = self.engine.options
                silence, missed = engine.ping_interval + engine.ping_timeout, engine.outbox_limit_bytes // 2
                self.hub.recoveries[name] = Recovery(self.options.recovery, self.clock, silence, missed)
        return namespace

    def dynamic_namespace(self, matcher: Matcher) -> DynamicNamespace:
        """Return what stands for every namespace whose name ``matcher`` matches, and that was not made by `namespace`.

        A function is asked ``(name, auth)`` at each CONNECT.
        """
        dynamic = DynamicNamespace(matcher, self.hub)
        self.dynamic_namespaces.append(dynamic)
        return dynamic

    def find_namespace(self, name: str) -> Namespace | None:
        """Return the namespace that was made as ``name``, if there is one."""
        return self._namespaces.get(name)

    async def match_namespace(self, name: str, auth: Any) -> DynamicNamespace | None:
        """Return the first dynamic namespace that has this name for this client, if one does."""
        for dynamic in tuple(self.dynamic_namespaces):
            if await dynamic.matches(name, auth):
                return dynamic
        return None

    def to(self, *rooms: str) -> Broadcast:
        """See `Namespace.to`."""
        return self.root.to(*rooms)

    def allow_request(self, hook: AllowRequestHook) -> AllowRequestHook:
        """Ask ``hook(handshake)`` before a session is opened: None allows it, a text refuses with that reason.

        The client gets 403 ``{"code": 4, "message": reason}``, over a WebSocket upgrade 400 and the reason.
        """
        self.engine.allow_request = hook
        return hook

    def on_connection_error(self, listener: RefusalHook) -> RefusalHook:
        """Call ``listener(refusal, handshake)`` for every request that is refused with a code; see `Refusal`."""
        self.engine.refusal_listeners.append(listener)
        return listener

    def _open(self, engine: EngineIOClient, handshake: Handshake) -> SocketIOClient:
        client = SocketIOClient(self, engine, handshake)
        engine.handler = client
        client.begin()
        return client

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine on its own; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a handler failed", exc_info=error)

    def run(self, handler: Callable[..., Any], *args: Any) -> asyncio.Task[None] | None:
        """Call a plain handler, or return the task of an asynchronous one; what they raise is logged."""
        try:
            result = handler(*args)
        except Exception:
            logger.exception("a handler failed")
            return None
        return self.spawn(result) if inspect.iscoroutine(result) else None

    async def close(self) -> None:
        """Read nothing more, let running handlers end and answer, then close every client: they come back."""
        try:
            for client in self.engine.clients.values():
                client.pause()
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            self.hub.finish()
            self.engine.close()


def _describe(error: RequestError, handshake: Handshake) -> str:
    return error.detail or error.code.slug
