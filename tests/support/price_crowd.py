"""Clients of prices over both protocols that count every message, read or do not, and end as they like."""

from __future__ import annotations

import asyncio
import json
import socket
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, Self

from server.protocol.websocket_frames import Opcode
from tests.support import frames
from tests.support.wire import upgrade_headers

PATIENCE_SECONDS = 10.0
SMALL_BUFFER = 4096


class CountingClient(ABC):
    """One connection, whose socket is read when the test says so."""

    path: str

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""
        self.id = ""
        self.seen: list[Any] = []
        """Every message that came, as the server counts them."""
        self.said = 0
        self.targets: set[tuple[str, str]] = set()
        self.is_at_end = False

    @classmethod
    async def connect(cls, port: int, *, reads: bool = True, token: str = "") -> Self:
        """Open the connection; one that will not read has little room for what it is sent."""
        sock = socket.socket()
        if not reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", port))
        lines = [f"GET {cls.path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in upgrade_headers().items())]
        await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode())
        client = cls(sock)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await loop.sock_recv(sock, SMALL_BUFFER)
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        client._take(rest)
        await client._greet(token)
        return client

    @abstractmethod
    async def _greet(self, token: str) -> None:
        """Take the greeting, which says the client's id."""

    @abstractmethod
    async def subscribe(self, kind: str, name: str) -> None:
        """Subscribe, and take the present quotes."""

    @abstractmethod
    async def catch_up(self) -> None:
        """Read until an answer to a question that is asked now: all that was sent before has come."""

    @abstractmethod
    def _message(self, text: str) -> Any:
        """Return what the server counts as a message; None for anything else."""

    @abstractmethod
    def updates(self) -> list[Any]:
        """Return the payloads of all price updates that came."""

    async def say(self, text: str) -> None:
        """Send a message that the server counts."""
        self.said += 1
        await self._send(text)

    async def _send(self, text: str) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, frames.text(text))

    async def _receive(self) -> None:
        """Wait for something, and take it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            self._take(await asyncio.get_running_loop().sock_recv(self._sock, 1 << 20))

    async def read_until(self, count: int) -> None:
        """Read until so many messages have come."""
        while len(self.seen) < count:
            await self._receive()

    def read_what_is_there(self) -> None:
        """Take all that was written until now."""
        try:
            while not self.is_at_end:
                self._take(self._sock.recv(1 << 20))
        except BlockingIOError:
            return

    def cut(self) -> None:
        """Vanish without a close frame, having taken all that was written until now."""
        self.read_what_is_there()
        self.close()

    def close(self) -> None:
        self._sock.close()

    async def leave(self) -> None:
        """Close as the protocol says; read to the end."""
        await asyncio.get_running_loop().sock_sendall(self._sock, frames.client_frame(Opcode.CLOSE, b"\x03\xe8"))
        while not self.is_at_end:
            await self._receive()
        self.close()

    def _take(self, data: bytes) -> None:
        found, self._rest = frames.read_server_frames(self._rest + data)
        for frame in found:
            if frame.opcode == Opcode.CLOSE:
                self.is_at_end = True
            elif frame.opcode == Opcode.TEXT and (message := self._message(frame.payload.decode())) is not None:
                self.seen.append(message)


class RawClient(CountingClient):
    """One of ``/ws/stock/prices``."""

    path = "/ws/stock/prices"
    _pings = 0

    async def _greet(self, token: str) -> None:
        await self.read_until(1)
        self.id = self.seen[0]["client_id"]

    async def subscribe(self, kind: str, name: str) -> None:
        """See `CountingClient`."""
        await self.say(json.dumps({"type": "subscribe", "subscription_type": kind, "target": name}))
        await self.read_until(len(self.seen) + 2)
        self.targets.add((kind, name))

    async def unsubscribe(self, kind: str, name: str) -> None:
        """Unsubscribe; what came before the answer has come."""
        await self.say(json.dumps({"type": "unsubscribe", "subscription_type": kind, "target": name}))
        while self.seen[-1]["type"] != "unsubscribed":
            await self._receive()
        self.targets.remove((kind, name))

    async def catch_up(self) -> None:
        """See `CountingClient`."""
        self._pings += 1
        await self.say('{"type":"ping"}')
        while sum(message["type"] == "pong" for message in self.seen) < self._pings:
            await self._receive()

    def _message(self, text: str) -> Any:
        return json.loads(text)

    def updates(self) -> list[Any]:
        """See `CountingClient`."""
        return [message for message in self.seen if message["type"] == "price_update"]


class SocketIOClient(CountingClient):
    """One of ``/socket.io/``."""

    path = "/socket.io/?EIO=4&transport=websocket"

    async def _greet(self, token: str) -> None:
        await self._send("40" + json.dumps({"token": token}))
        while not self.id:
            await self._receive()

    async def subscribe(self, kind: str, name: str) -> None:
        """See `CountingClient`."""
        await self._ask("subscribe_prices", {"subscription_type": kind, "target": name})
        self.targets.add((kind, name))

    async def catch_up(self) -> None:
        """See `CountingClient`."""
        await self._ask("ping", None)

    async def _ask(self, event: str, payload: Any) -> None:
        number = self.said
        await self.say(f"42{number}{json.dumps([event, payload])}")
        while ("ack", number) not in self.seen:
            await self._receive()

    def _message(self, text: str) -> Any:
        if text.startswith("40"):
            self.id = json.loads(text[2:])["sid"]
        if text.startswith("43"):
            return "ack", int(text[2:].partition("[")[0])
        return tuple(json.loads(text[2:])) if text.startswith("42") else None

    def updates(self) -> list[Any]:
        """See `CountingClient`."""
        return [payload for name, payload in self.seen if name == "price_update"]


def pairs(clients: Collection[CountingClient]) -> list[tuple[str, str]]:
    """Return all subscriptions of these clients."""
    return [target for client in clients for target in client.targets]
