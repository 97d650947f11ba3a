"""What the real clients of ``tests/interop`` talk to."""

from __future__ import annotations

from typing import Any

from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.errors import ErrorCode, RequestError
from server.protocol.engineio_session import EngineOptions
from server.realtime.origins import OriginPolicy
from server.realtime.recovery import RecoveryOptions
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer, SocketOptions
from server.realtime.sockets import Socket


def register(sio: SocketIOServer) -> None:
    """Register echo, questions, news and expulsion in ``/`` and ``/custom``, and a door with a lock."""

    @sio.namespace("/guarded").use
    async def check(socket: Socket) -> None:
        if (socket.handshake.auth or {}).get("token") != "good":
            raise RequestError(ErrorCode.UNAUTHORIZED, "the token is not good", hint=["good", "😀"])

    for namespace in (sio.root, sio.namespace("/custom"), sio.namespace("/guarded")):

        @namespace.on_connect
        def welcome(socket: Socket) -> None:
            socket.emit("welcome", socket.handshake.auth, socket.id)

        @namespace.on("echo")
        def echo(socket: Socket, *args: Any) -> tuple[Any, ...]:
            socket.emit("echoed", *args)
            return args

        @namespace.on("ask me")
        async def ask(socket: Socket, timeout: float, *args: Any) -> list[Any] | str:
            try:
                return await socket.call("question", *args, timeout=timeout)
            except TimeoutError:
                return "no answer"

        @namespace.on("tell others")
        def tell(socket: Socket, *args: Any) -> None:
            socket.broadcast.emit("news", *args)

        @namespace.on("expel me")
        def expel(socket: Socket) -> None:
            socket.emit("last words")
            socket.disconnect()


def make_app(runtime: Runtime, engine_options: EngineOptions, recovery: RecoveryOptions | None = None) -> Application:
    """Return the application; its ``runtime`` is started by the caller."""
    sio = SocketIOServer(
        runtime,
        options=SocketOptions(recovery=recovery),
        engine_options=engine_options,
        origins=OriginPolicy(["*"]),
    )
    register(sio)
    return Application([(r"/socket\.io/", EngineIOHandler, {"engine": sio.engine})], sio=sio)


def make_recovering_app(runtime: Runtime, engine_options: EngineOptions) -> Application:
    """Return the application with connection state recovery: its events carry one more argument, the offset."""
    return make_app(runtime, engine_options, RecoveryOptions())
