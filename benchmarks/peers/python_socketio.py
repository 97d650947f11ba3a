"""python-socketio on uvicorn (uvloop, httptools, websockets) or on aiohttp, with its defaults.

``python -m benchmarks.peers.python_socketio --port N --host uvicorn|aiohttp``, and where wished
``--ping-interval SECONDS`` or ``--format msgpack``.
"""

from __future__ import annotations

import argparse
from typing import Any

import socketio  # type: ignore[import-untyped]
import uvicorn
from aiohttp import web

ADDRESS = "127.0.0.1"
BACKLOG = 4096
SERIALIZERS = {"text": "default", "msgpack": "msgpack"}


def make_server(async_mode: str, ping_interval: float, serializer: str) -> Any:
    """Return a server with the four events."""
    sio = socketio.AsyncServer(async_mode=async_mode, ping_interval=ping_interval, serializer=serializer)

    async def echo(sid: str, data: Any) -> None:
        await sio.emit("echo", data, to=sid)

    async def echo_ack(sid: str, data: Any) -> Any:
        return data

    async def join(sid: str, room: str) -> None:
        await sio.enter_room(sid, room)

    async def fanout(sid: str, room: str, data: Any) -> None:
        await sio.emit("fanout_msg", data, room=room)

    for handler in (echo, echo_ack, join, fanout):
        sio.on(handler.__name__, handler)
    return sio


def run_uvicorn(sio: Any, port: int) -> None:
    """Serve on uvicorn's fastest parts, without compression, as the others."""
    uvicorn.run(
        socketio.ASGIApp(sio),
        host=ADDRESS,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets",
        ws_per_message_deflate=False,
        log_level="critical",
        access_log=False,
        backlog=BACKLOG,
        lifespan="off",
    )


def run_aiohttp(sio: Any, port: int) -> None:
    """Serve on aiohttp and asyncio's own loop, on which it is faster than on uvloop."""
    application = web.Application()
    sio.attach(application)
    web.run_app(application, host=ADDRESS, port=port, access_log=None, print=None, backlog=BACKLOG)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", choices=("uvicorn", "aiohttp"), required=True)
    parser.add_argument("--ping-interval", type=float, default=25.0)
    parser.add_argument("--format", choices=tuple(SERIALIZERS), default="text")
    options = parser.parse_args()
    async_mode = "asgi" if options.host == "uvicorn" else "aiohttp"
    sio = make_server(async_mode, options.ping_interval, SERIALIZERS[options.format])
    run = run_uvicorn if options.host == "uvicorn" else run_aiohttp
    run(sio, options.port)


if __name__ == "__main__":
    main()
