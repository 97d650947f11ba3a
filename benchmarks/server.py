"""Our server with the events that every measured server answers, and nothing made easier for it.

``python -m benchmarks.server --port N [--reader epoll|iostream] [--ping-interval SECONDS]``
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from tornado.web import Application

from handlers.streams.front import FrontServer
from handlers.streams.socketio import EngineIOHandler
from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.realtime.sockets import Socket
from server.transport.connections import ReaderName

BACKLOG = 4096


def register(sio: SocketIOServer) -> None:
    """Register the four events."""

    @sio.on("echo")
    def echo(socket: Socket, data: Any) -> None:
        socket.emit("echo", data)

    @sio.on("echo_ack")
    def echo_ack(socket: Socket, data: Any) -> Any:
        return data

    @sio.on("join")
    def join(socket: Socket, room: str) -> None:
        socket.join(room)

    @sio.on("fanout")
    def fanout(socket: Socket, room: str, data: Any) -> None:
        sio.to(room).emit("fanout_msg", data)


async def serve(port: int, reader: ReaderName, ping_interval: float) -> None:
    """Serve until the process is told to end."""
    runtime = Runtime(reader=reader)
    sio = SocketIOServer(runtime, engine_options=EngineOptions(ping_interval=ping_interval))
    register(sio)
    runtime.start()
    routes = [(r"/socket\.io/", EngineIOHandler, {"engine": sio.engine})]
    application = Application(routes, log_function=lambda handler: None)
    server = FrontServer(application)
    server.serve_in_front(runtime, {"/socket.io/": sio.engine})
    server.listen(port, "127.0.0.1", backlog=BACKLOG)
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--reader", choices=("epoll", "iostream"), default="epoll")
    parser.add_argument("--ping-interval", type=float, default=25.0)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.reader, options.ping_interval))


if __name__ == "__main__":
    main()
