"""Exact bytes to and from a server: one TCP connection, HTTP/1.1 answers, WebSocket frames."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.frames import ServerFrame

PATIENCE_SECONDS = 30.0
"""How long a test waits for what must come; only one that fails waits so long, on a machine however slow."""

WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Answer(NamedTuple):
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until ``condition()`` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0)


_opened: list[Wire] = []


async def close_wires() -> None:
    """Close what the test has opened and not closed."""
    while _opened:
        writer = _opened.pop().writer
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Wire:
    """One TCP connection to a server on the loopback interface; `close_wires` closes those that are left."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        _opened.append(self)

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None = None) -> Self:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 26, ssl=tls))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.writer.close()

    def reset(self) -> None:
        """Vanish: the server gets a reset instead of an orderly end."""
        if not self.writer.is_closing():
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Write bytes, without waiting for anything."""
        self.writer.write(data)

    def send_request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> None:
        """Write a whole request, or with a Content-Length among ``headers`` and no body only its head."""
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode() + (body or b""))

    async def answer(self) -> Answer:
        """Read one HTTP answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.late_answer()

    async def late_answer(self) -> Answer:
        """Read one HTTP answer, however long it takes."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        status, headers = parse_head(head)
        if "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        elif status in (101, 204, 304):
            body = b""
        else:
            body = await self.reader.read()
        return Answer(status, headers, body)

    async def ended(self) -> bytes:
        """Wait for the server to close; return what came before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Return status and headers of an answer's head."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(first.split(" ")[1]), headers


async def request(
    port: int, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """Do one request on a connection of its own."""
    async with await Wire.open(port) as wire:
        wire.send_request(method, target, headers, body)
        return await wire.answer()


def upgrade_headers(**extra: str) -> dict[str, str]:
    """Return the headers that ask for a WebSocket."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": WEBSOCKET_KEY,
        **extra,
    }


class Closed(NamedTuple):
    """How a WebSocket ended; code None when no close frame came."""

    code: int | None
    reason: str


class WebSocketWire(Wire):
    """A WebSocket connection whose every frame is the test's own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._rest = b""
        self._frames: deque[ServerFrame] = deque()

    @classmethod
    async def connect(
        cls,
        port: int,
        target: str,
        headers: Mapping[str, str] | None = None,
        early: bytes = b"",
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Open a WebSocket; ``early`` bytes leave together with the request."""
        wire = await cls.open(port, tls)
        lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in {**upgrade_headers(), **(headers or {})}.items()]
        wire.send("\r\n".join([*lines, "", ""]).encode() + early)
        async with asyncio.timeout(PATIENCE_SECONDS):
            status, answered = parse_head(await wire.reader.readuntil(b"\r\n\r\n"))
        assert status == 101, status
        digest = hashlib.sha1(WEBSOCKET_KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False)
        assert answered["sec-websocket-accept"] == base64.b64encode(digest.digest()).decode()
        assert "sec-websocket-extensions" not in answered
        return wire

    def send_text(self, *messages: str | bytes) -> None:
        """Send text frames, all in one write."""
        self.send(b"".join(map(frames.text, messages)))

    def send_binary(self, *messages: bytes) -> None:
        """Send binary frames, all in one write."""
        self.send(b"".join(map(frames.binary, messages)))

    async def frame(self) -> ServerFrame:
        """Return the next frame. EOFError at the end of the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._frames:
                try:
                    data = await self.reader.read(65536)
                except ConnectionResetError:
                    data = b""
                if not data:
                    raise EOFError
                found, self._rest = frames.read_server_frames(self._rest + data)
                self._frames.extend(found)
        return self._frames.popleft()

    async def text(self) -> str:
        """Return the next frame, which is a text."""
        frame = await self.frame()
        assert frame.first == 0x81, frame
        return frame.payload.decode()

    async def binary(self) -> bytes:
        """Return the next frame, which is binary."""
        frame = await self.frame()
        assert frame.first == 0x82, frame
        return frame.payload

    async def closed(self) -> Closed:
        """Read to the end, answering the close frame; return how it ended. Messages on the way are dropped."""
        end = Closed(None, "")
        try:
            while True:
                frame = await self.frame()
                if frame.opcode == Opcode.CLOSE:
                    code = int.from_bytes(frame.payload[:2], "big") if frame.payload else None
                    end = Closed(code, frame.payload[2:].decode())
                    self.send(frames.client_frame(Opcode.CLOSE, frame.payload))
        except EOFError:
            self.close()
        return end
