"""python-socketio's client over every transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.protocol.engineio_session import EngineOptions
from tests.apps.interop import make_app
from tests.support.engineio import ProtocolServer

socketio = pytest.importorskip("socketio", reason="python-socketio is not installed: its client cannot be tried")
pytest.importorskip("aiohttp", reason="aiohttp is not installed: python-socketio's client cannot be tried")

OPTIONS = EngineOptions(ping_interval=0.3, ping_timeout=10.0)
PATIENCE_SECONDS = 10


class Client:
    """A client with a queue for each event."""

    def __init__(self, server: ProtocolServer, transports: list[str]) -> None:
        self.sio = socketio.AsyncClient(reconnection_delay=0.02, reconnection_delay_max=0.05)
        self._url = f"http://127.0.0.1:{server.port}"
        self._transports = transports
        self._queues: dict[tuple[str, str], asyncio.Queue[Any]] = {}

    def hear(self, event: str, namespace: str = "/") -> None:
        """Keep every ``event`` for `next`."""
        queue = self._queues[event, namespace] = asyncio.Queue()

        async def take(*args: Any) -> None:
            queue.put_nowait(args)

        self.sio.on(event, take, namespace=namespace)

    async def next(self, event: str, namespace: str = "/") -> Any:
        """Return the arguments of the next ``event``."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._queues[event, namespace].get()

    async def connect(self, *namespaces: str, auth: object = None) -> None:
        """Connect, and wait for the upgrade if there is to be one."""
        for namespace in namespaces or ("/",):
            for event in ("welcome", "echoed", "last words", "connect", "disconnect"):
                self.hear(event, namespace)
        await self.sio.connect(
            self._url, transports=self._transports, auth=auth, namespaces=list(namespaces) or None, retry=False
        )
        assert self.sio.transport() == self._transports[-1]


Connect = Callable[..., Awaitable[Client]]


@asynccontextmanager
async def connecting(transports: list[str]) -> AsyncIterator[tuple[ProtocolServer, Connect]]:
    """Serve; yield the server and what makes connected clients."""
    server = ProtocolServer(make_app, OPTIONS, real_time=True)
    clients: list[Client] = []

    async def connect(*namespaces: str, auth: object = None) -> Client:
        client = Client(server, transports)
        clients.append(client)
        await client.connect(*namespaces, auth=auth)
        return client

    try:
        yield server, connect
    finally:
        for client in clients:
            await client.sio.shutdown()
        await server.stop()


every_transport = pytest.mark.parametrize(
    "transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids=",".join
)


@every_transport
@pytest.mark.gen_test
async def test_messages(io_loop: object, transports: list[str]) -> None:
    async with connecting(transports) as (_, connect):
        client = await connect(auth={"token": "好😀"})
        assert await client.next("welcome") == ({"token": "好😀"},)
        values: list[Any] = [1, -1.5, None, True, "é😀", [[]], {"ключ": {"b": ""}}]
        await client.sio.emit("echo", tuple(values))
        assert list(await client.next("echoed")) == values
        nested = {"a": [b"", {"b": b"\xff"}], "c": "text"}
        assert await client.sio.call("echo", (b"\x01\x02", nested)) == (b"\x01\x02", nested)
        assert await client.next("echoed") == (b"\x01\x02", nested)


@every_transport
@pytest.mark.gen_test
async def test_question_of_the_server(io_loop: object, transports: list[str]) -> None:
    async with connecting(transports) as (_, connect):
        client = await connect()

        async def answer(*args: Any) -> tuple[Any, ...]:
            return ("the answer to", *args, b"\x09")

        client.sio.on("question", answer)
        assert await client.sio.call("ask me", ("a", {"b": b"\x01"})) == ["the answer to", "a", {"b": b"\x01"}, b"\x09"]


@every_transport
@pytest.mark.gen_test
async def test_refused(io_loop: object, transports: list[str]) -> None:
    async with connecting(transports) as (server, connect):
        client = Client(server, transports)
        client.hear("connect_error", "/guarded")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect("/guarded", auth={"token": "bad"})
        (refusal,) = await client.next("connect_error", "/guarded")
        assert refusal == {
            "message": "the token is not good",
            "data": {"code": "unauthorized", "hint": ["good", "😀"]},
        }
        good = await connect("/guarded", auth={"token": "good"})
        assert await good.next("welcome", "/guarded") == ({"token": "good"},)


@every_transport
@pytest.mark.gen_test
async def test_namespaces(io_loop: object, transports: list[str]) -> None:
    async with connecting(transports) as (_, connect):
        client = await connect("/", "/custom", auth={"token": "both"})
        for namespace in ("/", "/custom"):
            assert await client.next("welcome", namespace) == ({"token": "both"},)
            assert await client.sio.call("echo", namespace, namespace=namespace) == namespace
        assert client.sio.get_sid("/") != client.sio.get_sid("/custom")


@every_transport
@pytest.mark.gen_test
async def test_two_thousand_events_in_order(io_loop: object, transports: list[str]) -> None:
    async with connecting(transports) as (_, connect):
        client = await connect()
        for number in range(2000):
            await client.sio.emit("echo", number)
        assert [(await client.next("echoed"))[0] for _ in range(2000)] == list(range(2000))


@every_transport
@pytest.mark.gen_test
async def test_expelled(io_loop: object, transports: list[str]) -> None:
    async with connecting(transports) as (_, connect):
        client = await connect()
        await client.sio.emit("expel me")
        await client.next("last words")
        assert await client.next("disconnect") == (socketio.AsyncClient.reason.SERVER_DISCONNECT,)


@every_transport
@pytest.mark.gen_test
async def test_comes_back_after_a_crash(io_loop: object, transports: list[str]) -> None:
    """After an orderly end it would not while polling: this client takes the close packet for an expulsion."""
    async with connecting(transports) as (server, connect):
        client = await connect()
        await client.next("connect")
        await server.kill()
        again = ProtocolServer(make_app, OPTIONS, real_time=True, port=server.port)
        try:
            await client.next("disconnect")
            await client.next("connect")
            assert await client.sio.call("echo", "again") == "again"
        finally:
            await client.sio.shutdown()
            await again.stop()
