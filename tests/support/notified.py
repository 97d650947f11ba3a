"""Readers of a user's notifications over each of the three channels, as simple as a client may be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, Self

from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.contract import OF_STREAMS
from tests.support.product_server import ChatClient, ProductServer
from tests.support.wire import WebSocketWire, Wire

PATIENCE_SECONDS = 30.0


class Said(NamedTuple):
    """One event of a stream."""

    type: str
    data: Any


class Reader(Protocol):
    """Something that gives a user's notifications."""

    async def next_notification(self) -> Any: ...

    def leave(self) -> None: ...


class SocketReader:
    """A raw WebSocket."""

    def __init__(self, wire: WebSocketWire) -> None:
        self.wire = wire

    @classmethod
    async def open(
        cls, server: ProductServer, sign_in: Any, after: str = "", path: str = "/api/ws/notifications"
    ) -> Self:
        """Connect; with ``after`` resume, by a message."""
        wire = await WebSocketWire.connect(server.port, f"{path}?token={sign_in['access_token']}", tls=server.tls)
        reader = cls(wire)
        assert (await reader.next()).type == "connected"
        if after:
            reader.say({"type": "resume", "after": after})
        return reader

    def say(self, message: object) -> None:
        self.wire.send_text(json.dumps(message))

    async def next(self) -> Said:
        while (frame := await self.wire.frame()).opcode == Opcode.PING:
            self.wire.send(frames.client_frame(Opcode.PONG, frame.payload))
        assert frame.opcode == Opcode.TEXT, frame
        message = json.loads(frame.payload)
        assert message.keys() == {"type", "data"}, message
        OF_STREAMS.check_stream("notifications", message)
        return Said(**message)

    async def next_of(self, kind: str) -> Any:
        """Return the data of the next message of a type."""
        while True:
            said = await self.next()
            if said.type == kind:
                return said.data

    async def next_notification(self) -> Any:
        return await self.next_of("notification")

    def leave(self) -> None:
        self.wire.close()


class EventReader:
    """Server-Sent Events."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.head: dict[str, str] = {}
        self.status = 0
        self.comments = 0
        self.last_id = ""

    @classmethod
    async def open(
        cls, server: ProductServer, sign_in: Any, after: str = "", headers: Mapping[str, str] | None = None
    ) -> Self:
        """Connect; with ``after`` resume, by ``Last-Event-ID``."""
        reader = cls(await Wire.open(server.port, server.tls))
        lines = ["GET /api/notifications/stream?token=" + sign_in["access_token"] + " HTTP/1.1", "Host: x"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"Last-Event-ID: {after}"] if after else []
        reader.wire.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader._until(b"\r\n\r\n")).decode().splitlines()
        reader.status = int(head[0].split(" ")[1])
        reader.head = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        return reader

    async def next(self) -> Said:
        while True:
            fields = dict(
                line.partition(": ")[::2] for line in (await self._until(b"\n\n")).decode().splitlines() if line
            )
            self.last_id = fields.get("id", self.last_id)
            if "event" in fields:
                said = Said(fields["event"], json.loads(fields["data"]))
                OF_STREAMS.check_sse("notification_events", said.type, said.data)
                return said
            self.comments += 1

    async def next_of(self, kind: str) -> Any:
        """Return the data of the next event of a type."""
        while True:
            said = await self.next()
            if said.type == kind:
                return said.data

    async def next_notification(self) -> Any:
        notification = await self.next_of("notification")
        assert notification["id"] == self.last_id
        return notification

    def leave(self) -> None:
        self.wire.close()

    async def _until(self, end: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.wire.reader.readuntil(end)


class ChatReader:
    """Socket.IO: what comes while a client resumes waits for the answer, and what it has already is left out."""

    def __init__(self, client: ChatClient) -> None:
        self.client = client
        self._missed: list[Any] = []
        self._last = ""
        self.leaving: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, server: ProductServer, sign_in: Any, after: str = "") -> Self:
        """Connect; with ``after`` ask for what was missed."""
        reader = cls(await server.chat(sign_in))
        reader._last = after
        while after:
            answer = await reader.client.ask("resume_notifications", {"after": after})
            assert answer["ok"], answer
            reader._missed += answer["notifications"]
            after = answer["notifications"][-1]["id"] if answer["has_more"] else ""
        return reader

    async def next_notification(self) -> Any:
        while True:
            if self._missed:
                name, notification = "notification", self._missed.pop(0)
            else:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    name, notification = await self.client.events.get()
            if name == "notification" and notification["id"] > self._last:
                self._last = notification["id"]
                return notification

    def leave(self) -> None:
        self.leaving = asyncio.ensure_future(self.client.close())
