"""A server for protocol suites: ``python -m tests.apps.protocol --port N``.

``/engine.io/`` echoes every Engine.IO message. ``/socket.io/`` emits ``auth`` with the handshake's auth on connection
to ``/`` and ``/custom``, answers ``message`` with ``message-back`` and acknowledges ``message-with-ack``, both with the
arguments they came with. Short times, any Origin.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.protocol.engineio_session import CloseReason, EngineOptions
from server.realtime.engineio_client import EngineIOClient
from server.realtime.engineio_server import EngineIOServer
from server.realtime.handshake import Handshake
from server.realtime.origins import OriginPolicy
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer, SocketOptions
from server.realtime.sockets import Socket
from server.transport.connections import ReaderName

ENGINE_OPTIONS = EngineOptions(ping_interval=0.3, ping_timeout=0.2, max_payload_bytes=1_000_000)


class Echo:
    """Sends every message back."""

    def __init__(self, client: EngineIOClient, handshake: Handshake) -> None:
        self._client = client

    def on_text(self, data: bytes) -> None:
        self._client.send_text(data)

    def on_binary(self, data: bytes) -> None:
        self._client.send_binary(data)

    def on_close(self, reason: CloseReason) -> None:
        """Nothing is held."""


def register(sio: SocketIOServer) -> None:
    """Register the events the suites use, in both namespaces."""
    for namespace in (sio.root, sio.namespace("/custom")):

        @namespace.on_connect
        def connected(socket: Socket) -> None:
            socket.emit("auth", socket.handshake.auth)

        @namespace.on("message")
        def message(socket: Socket, *args: Any) -> None:
            socket.emit("message-back", *args)

        @namespace.on("message-with-ack")
        def message_with_ack(socket: Socket, *args: Any) -> tuple[Any, ...]:
            return args


def make_app(runtime: Runtime, engine_options: EngineOptions = ENGINE_OPTIONS) -> Application:
    """Return the application; its ``runtime`` is started by the caller."""
    origins = OriginPolicy(["*"])
    echo = EngineIOServer(Echo, engine_options, runtime.context, runtime.connections, origins)
    options = SocketOptions(connect_timeout=1.0)
    sio = SocketIOServer(runtime, options=options, engine_options=engine_options, origins=origins)
    register(sio)
    return Application(
        [
            (r"/engine\.io/", EngineIOHandler, {"engine": echo}),
            (r"/socket\.io/", EngineIOHandler, {"engine": sio.engine}),
        ],
        sio=sio,
        echo=echo,
        log_function=lambda handler: None,
    )


async def main(port: int, reader: ReaderName) -> None:
    """Serve on 127.0.0.1 until killed."""
    runtime = Runtime(reader=reader, tick_seconds=0.01)
    runtime.start()
    server = HTTPServer(make_app(runtime))
    server.listen(port, "127.0.0.1")
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--reader", choices=["epoll", "iostream"], default="epoll")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.port, arguments.reader))
