"""The protocol app with paths beside Engine.IO's, and the bytes of requests."""

from __future__ import annotations

import asyncio

from tornado.web import Application, RequestHandler

from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from tests.apps.protocol import make_app

HOST = "Host: 127.0.0.1\r\n"


class Other(RequestHandler):
    """Something that is not Engine.IO: ``/other``."""

    def get(self) -> None:
        self.finish(f"got {self.request.query}")

    def post(self) -> None:
        self.finish(b"posted " + self.request.body)


class Patient(RequestHandler):
    """``/patient`` sets the event ``asked`` of the settings, and answers when ``go`` is set or the client has left."""

    async def get(self) -> None:
        self.application.settings["asked"].set()
        await self.application.settings["go"].wait()
        self.finish("at last")

    def on_connection_close(self) -> None:
        self.application.settings["go"].set()


def make_app_with_other_paths(runtime: Runtime, options: EngineOptions) -> Application:
    """Return the application; see `tests.support.engineio.AppMaker`."""
    app = make_app(runtime, options)
    app.settings.update(asked=asyncio.Event(), go=asyncio.Event())
    app.add_handlers(".*", [("/other", Other), ("/patient", Patient)])
    return app


def get(target: str, headers: str = "") -> bytes:
    """Return a GET's bytes."""
    return f"GET {target} HTTP/1.1\r\n{HOST}{headers}\r\n".encode()


def post(target: str, body: bytes, headers: str = "") -> bytes:
    """Return a POST's bytes."""
    return f"POST {target} HTTP/1.1\r\n{HOST}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body
