"""Every example of docs/server-api.md, run as the one program they are and used by python-socketio's client."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]
from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.realtime.socketio_server import SocketIOServer
from tests.support.ports import free_port
from tests.support.wire import WebSocketWire, close_wires, until

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "server-api.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PATIENCE_SECONDS = 30
NEWS_TO_ITSELF, NEWS_TO_OTHERS = 5, 6
"""How many of the example's broadcasts reach the socket that asks for them, and another member."""


async def run_examples(port: int) -> dict[str, Any]:
    """Run the examples one after the other; return the names they made."""
    text = DOCUMENT.read_text()
    names: dict[str, Any] = {"__name__": "server_api"}
    for example in EXAMPLE.finditer(text):
        lines_before = text[: example.start(1)].count("\n")
        source = "\n" * lines_before + example[1].replace("8001", str(port))
        code = compile(source, DOCUMENT, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, names)  # noqa: S307 - our own document
        if inspect.isawaitable(waiting):
            await waiting
    return names


class Visitor:
    """A client that keeps what it hears and answers questions."""

    def __init__(self, url: str, user: str, answer: Any = None) -> None:
        self.sio = socketio.AsyncClient(reconnection=False)
        self.heard: list[tuple[Any, ...]] = []
        self._url = url
        self._auth = {"token": "secret", "user": user, "shop": "7"}

        async def hear(event: str, namespace: str, *args: Any) -> Any:
            if event == "question":
                return answer
            self.heard.append((namespace, event, *args))
            return None

        self.sio.on("*", hear, namespace="*")

    async def connect(self, *namespaces: str, **auth: Any) -> None:
        """Connect to ``namespaces``, or to ``/``."""
        await self.sio.connect(
            self._url, transports=["websocket"], auth=self._auth | auth, namespaces=list(namespaces) or None
        )

    async def call(self, event: str, data: Any = None, namespace: str = "/") -> Any:
        """Return the server's ack."""
        return await self.sio.call(event, data, namespace=namespace, timeout=PATIENCE_SECONDS)

    async def hears(self, event: str, *args: Any, namespace: str = "/") -> None:
        """Wait until it has heard ``event`` with ``args``."""
        await until(lambda: (namespace, event, *args) in self.heard)


Visit = Callable[..., Awaitable[Visitor]]
Program = tuple[dict[str, Any], Visit]


@asynccontextmanager
async def running() -> AsyncIterator[Program]:
    """Run the examples; yield their names and what makes visitors."""
    port = free_port()
    names = await run_examples(port)
    visitors: list[Visitor] = []

    async def visit(user: str, *namespaces: str, answer: Any = None, **auth: Any) -> Visitor:
        visitor = Visitor(f"http://127.0.0.1:{port}", user, answer)
        visitors.append(visitor)
        await visitor.connect(*namespaces, **auth)
        return visitor

    try:
        yield names, visit
    finally:
        for visitor in visitors:
            await visitor.sio.shutdown()
        await names["stop"]()


@pytest.mark.gen_test
async def test_every_example_of_the_root_namespace_does_what_it_says(io_loop: object) -> None:
    async with running() as (names, visit):
        await use_connections(visit)
        await use_events(visit)
        await use_sending(names, visit)
        await use_rooms(names, visit)
        sio: SocketIOServer = names["sio"]
        assert set(sio.behaviour.events) - set(names["came"]) == set(), "an example that is not used here"
        assert names["went"]["news"] == NEWS_TO_ITSELF + NEWS_TO_OTHERS


async def use_connections(visit: Visit) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await visit("mallory", token="wrong")
    alice, bob = await visit("alice"), await visit("bob")
    await alice.hears("welcome", "alice")
    await bob.sio.emit("bye")
    await bob.hears("bye")
    await alice.hears("left", "bob", "server namespace disconnect")
    await alice.sio.disconnect()


async def use_events(visit: Visit) -> None:
    alice, root = await visit("alice"), await visit("root")
    assert await alice.call("echo", (1, b"\x02")) == (1, b"\x02")
    await alice.hears("echo", 1, b"\x02")
    assert await alice.call("move", {"x": 1, "y": 2}) == {"x": 1, "y": 2}
    assert (await alice.call("move", {"x": "left"}))["error"]["code"] == "invalid_input"
    assert (await alice.call("move", {"x": 1, "y": 2}))["error"]["code"] == "rate_limited"
    assert (await alice.call("admin:stop"))["error"]["code"] == "forbidden"
    assert await root.call("admin:stop") == "stopped"
    for visitor in (alice, root):
        await visitor.sio.disconnect()


async def use_sending(names: dict[str, Any], visit: Visit) -> None:
    alice, bob = await visit("alice", answer="yes"), await visit("bob", answer="no")
    await alice.sio.emit("send")
    await alice.hears("event", 1, {"two": b"bytes"})
    await until(lambda: (len(news(alice)), len(news(bob))) == (NEWS_TO_ITSELF, NEWS_TO_OTHERS))
    assert (await alice.call("ask me")) == ["yes"]
    assert await alice.call("vote", "now?") == {"answers": [["no"], ["yes"]], "missing": 0}
    names["tell_price"]("600519", 1700.5)
    await bob.hears("price", {"600519": 1700.5})
    for visitor in (alice, bob):
        await visitor.sio.disconnect()


def news(visitor: Visitor) -> list[tuple[Any, ...]]:
    return [heard for heard in visitor.heard if heard[1] == "news"]


async def use_rooms(names: dict[str, Any], visit: Visit) -> None:
    alice, bob, carol = await visit("alice"), await visit("bob"), await visit("carol")
    assert await alice.call("enter", "staff") == ["members", "staff"]
    for visitor in (alice, bob):
        assert "kitchen" in await visitor.call("enter", "kitchen")
    assert await carol.call("close room", "kitchen") == ["bob"]
    assert not names["runtime"].hub.has_members("kitchen")
    await carol.call("throw out", "lobby")
    for user in ("alice", "bob"):
        await carol.hears("left", user, "server namespace disconnect")
    assert await carol.call("enter", "kitchen") == ["kitchen", "members"]


@pytest.mark.gen_test
async def test_every_example_of_other_namespaces_does_what_it_says(io_loop: object) -> None:
    async with running() as (names, visit):
        chat = await visit("alice", "/chat")
        assert await chat.call("say", "hello", "/chat") == "/chat"
        await chat.hears("said", "hello", namespace="/chat")
        one, two = await visit("alice", "/orders-1"), await visit("bob", "/orders-2", "/shop-7")
        await two.hears("open", "/shop-7", namespace="/shop-7")
        await one.call("pay", 5, "/orders-1")
        await two.hears("turnover", 5, namespace="/orders-2")
        assert ("/orders-1", "paid", 5) in one.heard
        assert ("/orders-2", "paid", 5) not in two.heard
        for name in ("/orders-x", "/shop-8"):
            with pytest.raises(socketio.exceptions.ConnectionError):
                await visit("alice", name)
        assert names["orders"].children.keys() == {"/orders-1", "/orders-2"}
        for visitor in (one, two):
            await visitor.sio.disconnect()
        await until(lambda: not names["orders"].children and not names["shops"].children)


@pytest.mark.gen_test
async def test_what_happens_before_the_handshake(io_loop: object) -> None:
    async with running() as (names, visit):
        alice = await visit("alice")
        too_old = socketio.AsyncClient(reconnection=False)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await too_old.connect(f"{alice._url}?app=1", transports=["polling"])
        await too_old.shutdown()
        assert names["refused"] == {4: 1}


@pytest.mark.gen_test
async def test_feed_recovers(io_loop: object) -> None:
    async with running() as (names, _):
        feed: SocketIOServer = names["feed"]
        names["runtime_of_feed"].start()
        port = free_port()
        http = Application([(r"/socket.io/", EngineIOHandler, {"engine": feed.engine})]).listen(port, "127.0.0.1")
        try:
            client = await WebSocketWire.connect(port, "/socket.io/?EIO=4&transport=websocket")
            await client.text()
            client.send_text('40{"user":"alice"}')
            ids = json.loads((await client.text())[2:])
            _, recovered, offset = json.loads((await client.text())[2:])
            assert not recovered
            client.reset()
            await until(lambda: not feed.root.sockets)
            feed.emit("missed")
            client = await WebSocketWire.connect(port, "/socket.io/?EIO=4&transport=websocket")
            await client.text()
            client.send_text("40" + json.dumps({"user": "alice", "pid": ids["pid"], "offset": offset}))
            assert json.loads((await client.text())[2:]) == ids
            assert (await client.text()).startswith('42["missed",')
            assert (await client.text()).startswith('42["hello",true,')
        finally:
            http.stop()
            await close_wires()
            await feed.close()
            names["runtime_of_feed"].stop()
            await http.close_all_connections()


@pytest.mark.gen_test
async def test_an_example_that_fails_says_where(
    io_loop: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.md"
    broken.write_text("# One\n\n```python\nawait asyncio.sleep(0)\n```\n")
    monkeypatch.setitem(globals(), "DOCUMENT", broken)
    with pytest.raises(NameError) as caught:
        await run_examples(0)
    assert caught.traceback[-1].lineno == 3
    assert asyncio.get_running_loop().is_running()
