"""python-socketio's asynchronous client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from tests.interop.matrix import ABSENT, Failure, Server, expected

EVENTS = 10_000
BEATS = 3
HEARD = ("welcome", "echoed", "news", "last words", "connect", "connect_error", "disconnect")


class PythonClient:
    """See `Client`."""

    @property
    def label(self) -> str:
        """See `Client`."""
        return f"python-socketio {version('python-socketio')}" if find_spec("socketio") else "python-socketio"

    @property
    def missing(self) -> str | None:
        """See `Client`."""
        for package in ("socketio", "aiohttp"):
            if find_spec(package) is None:
                return f"{package} is not installed: python-socketio's client cannot be tried"
        return None

    def expected(self, transports: str) -> dict[str, Any]:
        """See `Client`."""
        every = expected(transports, recovery=ABSENT)
        if transports == "polling":
            every["restart"] = ABSENT
        return every

    async def run(self, server: Server, transports: str, seconds: Mapping[str, float]) -> dict[str, Any]:
        """See `Client`."""
        return {
            scenario: await _run(SCENARIOS[scenario], server, transports.split(","), limit)
            for scenario, limit in seconds.items()
        }


class Clients:
    """Makes the clients of one scenario, and ends them."""

    def __init__(self, server: Server, transports: list[str]) -> None:
        self.server = server
        self.transports = transports
        self._clients: list[Connection] = []

    async def connect(self, *namespaces: str, auth: object = None, logger: logging.Logger | None = None) -> Connection:
        """Return a client that has been welcomed in each of ``namespaces``."""
        connection = self.make(logger)
        await connection.connect(*namespaces, auth=auth)
        return connection

    def make(self, logger: logging.Logger | None = None) -> Connection:
        """Return a client that is not connected."""
        connection = Connection(f"http://127.0.0.1:{self.server.port}", self.transports, logger)
        self._clients.append(connection)
        return connection

    async def close(self) -> None:
        """End every client."""
        for connection in self._clients:
            await connection.sio.shutdown()
            if connection.sio.eio.http is not None:  # what it sent last may have opened it once more
                await connection.sio.eio.http.close()


class Connection:
    """A client with a queue for each event."""

    def __init__(self, url: str, transports: list[str], logger: logging.Logger | None) -> None:
        import socketio  # type: ignore[import-untyped]

        self.sio = socketio.AsyncClient(
            reconnection_delay=0.02, reconnection_delay_max=0.05, engineio_logger=logger or False
        )
        self._url = url
        self._transports = transports
        self._queues: dict[tuple[str, str], asyncio.Queue[Any]] = {}

    def hear(self, event: str, namespace: str = "/") -> None:
        """Keep every ``event`` for `next`."""
        queue = self._queues[event, namespace] = asyncio.Queue()

        async def take(*args: Any) -> None:
            queue.put_nowait(args)

        self.sio.on(event, take, namespace=namespace)

    async def next(self, event: str, namespace: str = "/") -> list[Any]:
        """Return the arguments of the next ``event``."""
        return list(await self._queues[event, namespace].get())

    def has_all(self, event: str, namespace: str = "/") -> bool:
        """Tell whether no ``event`` is left for `next`."""
        return self._queues[event, namespace].empty()

    async def connect(self, *namespaces: str, auth: object = None) -> None:
        """Connect, and wait for the upgrade if there is to be one."""
        for namespace in namespaces or ("/",):
            for event in HEARD:
                self.hear(event, namespace)
        await self.sio.connect(
            self._url, transports=self._transports, auth=auth, namespaces=list(namespaces) or None, retry=False
        )

    async def ask(self, event: str, *args: Any, namespace: str = "/") -> list[Any]:
        """Send an event and return the arguments of its ack."""
        acknowledged: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        await self.sio.emit(event, args, namespace=namespace, callback=lambda *ack: acknowledged.set_result(list(ack)))
        return await acknowledged

    async def refusal(self, namespace: str, auth: object = None) -> list[Any]:
        """Connect in vain; return what is said of it."""
        import socketio

        with contextlib.suppress(socketio.exceptions.ConnectionError):
            await self.connect(namespace, auth=auth)
        (error,) = await self.next("connect_error", namespace)
        said = {"message": error} if isinstance(error, str) else error
        return [said["message"], said.get("data"), self.sio.connected]


async def _run(
    scenario: Callable[[Clients], Awaitable[Any]], server: Server, transports: list[str], seconds: float
) -> Any:
    """Return what ``scenario`` does, or why it does not."""
    clients = Clients(server, transports)
    try:
        async with asyncio.timeout(seconds):
            return await scenario(clients)
    except TimeoutError:
        return Failure("timed out")
    except Exception as error:
        return Failure(repr(error))
    finally:
        await clients.close()


def plain(value: Any) -> Any:
    """Return bytes as the JavaScript clients' script prints them."""
    match value:
        case bytes():
            return {"bytes": list(value)}
        case list() | tuple():
            return [plain(one) for one in value]
        case dict():
            return {key: plain(one) for key, one in value.items()}
    return value


async def connect(clients: Clients) -> list[Any]:
    """Say who one is, in two namespaces."""
    custom = await clients.connect("/custom", auth={"token": "好😀", "list": [1, {"a": None}]})
    said, custom_id = await custom.next("welcome", "/custom")
    root = await clients.connect()
    _, root_id = await root.next("welcome")
    return [said, custom.sio.transport(), custom.sio.get_sid("/custom") == custom_id, root.sio.get_sid() == root_id]


async def refused(clients: Clients) -> list[Any]:
    """Be refused, with the reason, then accepted."""
    refusal = await clients.make().refusal("/guarded", {"token": "bad"})
    good = await clients.connect("/guarded", auth={"token": "good"})
    said, _ = await good.next("welcome", "/guarded")
    return [refusal, said]


async def emit(clients: Clients) -> list[Any]:
    """Send every kind of value there and back."""
    client = await clients.connect()
    await client.sio.emit("echo", (1, -1.5, None, True, "", [[]], {"a": {"b": ""}}))
    return await client.next("echoed")


async def unicode(clients: Clients) -> list[Any]:
    """Send text that needs care, among it half a surrogate pair."""
    client = await clients.connect()
    long = "é😀\u2028" * 20_000
    difficult = await client.ask("echo", "é\0\x1e", "😀", {"ключ 😀": "好"}, "\ud800 \udc00")
    return [difficult, await client.ask("echo", long) == [long]]


async def binary(clients: Clients) -> list[Any]:
    """Send bytes inside of objects and lists, and many of them."""
    client = await clients.connect()
    acknowledged = await client.ask("echo", b"\1\2\3", {"a": [b"", {"b": b"\xff"}]}, "text", b"\0")
    large = b"\7" * 200_000
    return [plain(await client.next("echoed")), plain(acknowledged), await client.ask("echo", large) == [large]]


async def acks(clients: Clients) -> list[Any]:
    """Answer a question, and have one answered."""
    client = await clients.connect()

    async def answer(*args: Any) -> tuple[Any, ...]:
        return ("the answer to", *args, b"\x09")

    client.sio.on("question", answer)
    return [plain(await client.ask("ask me", 10, "a", {"b": b"\x01"})), await client.ask("echo")]


@contextlib.asynccontextmanager
async def silent(client: Connection) -> AsyncIterator[None]:
    """Answer the server's question only at the end."""
    over = asyncio.Event()
    answered = asyncio.Event()

    async def answer() -> str:
        await over.wait()
        answered.set()
        return "late"

    client.sio.on("question", answer)
    yield
    over.set()
    await answered.wait()


async def server_timeout(clients: Clients) -> list[Any]:
    """Leave the server without an answer for too long."""
    client = await clients.connect()
    async with silent(client):
        answer = await client.ask("ask me", 0.1)
    return [answer, await client.ask("echo", "goes on")]


async def client_timeout(clients: Clients) -> list[Any]:
    """Be left without an answer for too long."""
    import socketio

    client = await clients.connect()
    is_told = False
    async with silent(client):
        try:
            await client.sio.call("ask me", 10, timeout=0.1)
        except socketio.exceptions.TimeoutError:
            is_told = True
    return [is_told, await client.ask("echo", "goes on")]


async def namespaces(clients: Clients) -> list[Any]:
    """Use two at once (it cannot leave one alone); ask for one that is not there."""
    client = await clients.connect("/", "/custom", auth={"token": "custom"})
    said, custom_id = await client.next("welcome", "/custom")
    answers = [
        said,
        await client.ask("echo", "c", namespace="/custom"),
        await client.ask("echo", "r"),
        custom_id != client.sio.get_sid("/"),
    ]
    return [*answers, await client.ask("echo", "root stays"), await clients.make().refusal("/nowhere")]


async def broadcast(clients: Clients) -> list[Any]:
    """Tell another, and not oneself."""
    speaker = await clients.connect()
    listener = await clients.connect()
    await speaker.ask("tell others", "好😀", {"b": b"\x01"})
    heard = plain(await listener.next("news"))
    nothing = await speaker.ask("echo", "heard nothing")
    return [heard, nothing if speaker.has_all("news") else "heard itself"]


async def order(clients: Clients) -> list[Any]:
    """Send and receive many events."""
    client = await clients.connect()
    for number in range(EVENTS):
        await client.sio.emit("echo", number)
    received = [(await client.next("echoed"))[0] for _ in range(EVENTS)]
    return [received == list(range(EVENTS)), client.sio.transport()]


class Pings(logging.Handler):
    """Counts the heartbeats that the client logs; it tells of them nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.enough = asyncio.Event()
        self._seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a ping."""
        self._seen += record.getMessage().startswith("Received packet PING")
        if self._seen == BEATS:
            self.enough.set()


async def heartbeat(clients: Clients) -> list[Any]:
    """Stay while the server pings."""
    pings = Pings()
    logger = logging.Logger(__name__, logging.INFO)
    logger.addHandler(pings)
    client = await clients.connect(logger=logger)
    await pings.enough.wait()
    return await client.ask("echo", "alive")


async def expelled(clients: Clients) -> list[Any]:
    """Be sent away, and come back by hand."""
    client = await clients.connect()
    await client.sio.emit("expel me")
    heard = await client.next("last words") == []
    (reason,) = await client.next("disconnect")
    while client.sio.eio.state != "disconnected":  # it says so nowhere
        await asyncio.sleep(0.01)
    await client.connect()
    await client.next("welcome")
    return [reason == client.sio.reason.SERVER_DISCONNECT, heard]


async def restart(clients: Clients) -> Any:
    """Come back to a server that was stopped in order.

    A close packet is an expulsion to this client; while polling, whether it gets one depends on the moment.
    """
    return ABSENT if clients.transports == ["polling"] else await _come_back(clients, "restart")


async def crash(clients: Clients) -> Any:
    """Come back to a server that died."""
    return await _come_back(clients, "crash")


async def recovery(clients: Clients) -> str:
    """It has no such thing."""
    return ABSENT


async def _come_back(clients: Clients, how: str) -> Any:
    client = await clients.connect()
    await client.next("connect")
    await clients.server.restart(how)
    (reason,) = await client.next("disconnect")
    await client.next("connect")
    return [reason.split()[0], await client.ask("echo", "again")]


SCENARIOS: dict[str, Callable[[Clients], Awaitable[Any]]] = {
    scenario.__name__: scenario
    for scenario in (
        connect,
        refused,
        emit,
        unicode,
        binary,
        acks,
        server_timeout,
        client_timeout,
        namespaces,
        broadcast,
        order,
        heartbeat,
        expelled,
        restart,
        crash,
        recovery,
    )
}
