"""REST and chat of the product over a real HTTP server on port 0, with clients for both."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, websocket_connect

from handlers import routes
from handlers.documents.library import Library
from handlers.events import registration
from handlers.streams.front import FrontServer
from server.clock import Clock, SystemClock
from server.market.sources.base import PriceSource
from server.operation.operation import Operation
from server.protocol.forwarding import TrustedProxies
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.services.rate_limits import ReadLimits
from server.services.sign_in_limits import SignInLimits
from server.storage.documents import Database
from server.transport.connections import ReaderName
from tests.support.clock import FakeClock
from tests.support.community import Community
from tests.support.contract import Contract
from tests.support.prices import market_parts
from tests.support.tls import client_context
from tests.support.wire import close_wires

PATIENCE_SECONDS = 30.0
PRESENCE = frozenset({"user_online", "user_offline", "user_presence"})
"""What comes at any time to who has friends."""
NOTICES = frozenset({"notification", "notifications_removed", "unread_counts"})
"""What follows in the background from what others do."""
READ_BODY_BYTES = 1 << 20
PER_ACCOUNT, PER_ADDRESS, REGISTRATIONS = 3, 12, 4
"""What a server with limits allows in a minute."""

_CONTRACTS: list[Contract] = []


class RestAnswer(NamedTuple):
    """An HTTP answer with its JSON body, parsed (None when there is no body)."""

    status: int
    headers: HTTPHeaders
    json: Any

    @property
    def data(self) -> Any:
        """What the envelope holds."""
        return self.json["data"]


class ChatClient:
    """A Socket.IO client over WebSocket, as plain as can be: what it gets waits in `events`."""

    def __init__(self, connection: WebSocketClientConnection, contract: Contract | None = None) -> None:
        self._connection = connection
        self._contract = contract
        self._acks: list[asyncio.Future[Any]] = []
        self.connected: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        """The data of CONNECT, or of CONNECT_ERROR."""
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.updates: asyncio.Queue[Any] = asyncio.Queue()
        """The payloads of `conversation_updated`, which comes to everyone at any time."""
        self.order: list[str] = []
        """Everything that came: ``ack`` or the event's name."""
        self.disconnected = asyncio.Event()
        self.reading = asyncio.ensure_future(self._read())

    async def ask(self, event: str, payload: Any = None) -> Any:
        """Send an event and return its ack."""
        ack: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks.append(ack)
        await self._connection.write_message(f"42{len(self._acks) - 1}{json.dumps([event, payload])}")
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await ack
        if self._contract is not None:
            self._contract.check_ack(event, answer)
        return answer

    async def tell(self, event: str, payload: Any = None) -> None:
        """Send an event without asking for an ack."""
        await self._connection.write_message(f"42{json.dumps([event, payload])}")

    async def next(self, event: str, *, between: Collection[str] = ()) -> Any:
        """Return the payload of the next event, which has this name; notices and those ``between`` may come before."""
        before = {*between, *NOTICES} - {event}
        async with asyncio.timeout(PATIENCE_SECONDS):
            name, payload = await self.events.get()
            while name in before:
                name, payload = await self.events.get()
        assert name == event, (name, payload)
        return payload

    async def close(self) -> None:
        self._connection.close()
        await self.reading

    async def _read(self) -> None:
        while (message := await self._connection.read_message()) is not None:
            text = str(message)
            if text == "2":
                await self._connection.write_message("3")
            elif text.startswith(("40", "44")):
                self.connected.set_result(json.loads(text[2:]))
            elif text.startswith("41"):
                self.disconnected.set()
            elif text.startswith("42"):
                name, payload = json.loads(text[2:])
                if self._contract is not None:
                    self._contract.check_event(name, payload)
                if name == "conversation_updated":
                    self.updates.put_nowait(payload)
                    continue
                self.order.append(name)
                self.events.put_nowait((name, payload))
            elif text.startswith("43"):
                number, _, rest = text[2:].partition("[")
                self.order.append("ack")
                self._acks[int(number)].set_result(json.loads("[" + rest)[0])
        self.disconnected.set()


class ProductServer:
    """Made and used in the test's loop; presence is told when a test lets time pass (`advance`), at no other time."""

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        limits: SignInLimits | None = None,
        *,
        operator_without_token: bool = False,
        proxies: Iterable[str] = (),
        in_front: bool = True,
        source: PriceSource | None = None,
        prices_require_auth: bool = True,
        reads_per_caller: int = 0,
        reader: ReaderName = "epoll",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.runtime = Runtime(clock=self.clock, reader=reader)
        self.tls = None if tls is None else client_context()
        """What its clients are given."""
        self.community = Community(database, self.clock, self.runtime.hub, limits, notifies=True)
        self.operation = Operation(self.runtime, "1.2.3")
        self.market = market_parts(self.community.stores, self.runtime.hub, self.clock, source)
        self.services = replace(
            self.community.services(self.market, self.operation),
            operator_without_token=operator_without_token,
            prices_require_auth=prices_require_auth,
            read_limits=ReadLimits(self.clock, reads_per_caller),
        )
        self.sio = SocketIOServer(self.runtime, origins=self.services.origins)
        registration.register(self.sio, self.services, self.runtime)
        self.application = self._application()
        self.front = FrontServer(
            self.application, max_body_size=READ_BODY_BYTES, body_timeout=PATIENCE_SECONDS, ssl_options=tls
        )
        self.front.trust(TrustedProxies(proxies))
        self._clients: list[ChatClient] = []
        self.runtime.start()
        if in_front:
            self.front.serve_in_front(self.runtime, {"/socket.io/": self.sio.engine})
        self.listener, self.port = bind_unused_port()
        self.front.add_sockets([self.listener])

    def _application(self) -> Application:
        authenticate = self.services.accounts.authenticate if self.services.prices_require_auth else None
        return Application(
            routes.table(self.runtime, self.sio, self.services, authenticate), log_function=lambda _: None
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> RestAnswer:
        """Do one request; a body that is not bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if sent is None and method == "POST":
            sent = b""
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.fetch(path, method, sent, {**(headers or {}), **authorization})
        answer = RestAnswer(response.code, response.headers, json.loads(response.body) if response.body else None)
        if answer.json is not None:
            self._contract().check_answer(method, path, answer.status, answer.json)
        return answer

    def _contract(self) -> Contract:
        """Return what every answer and every event is held against, made once: all servers' documents are alike."""
        if not _CONTRACTS:
            _CONTRACTS.append(Contract(Library(routes.DOCUMENTED, routes.AT_ROOT, self.sio.root.behaviour.events)))
        return _CONTRACTS[0]

    async def fetch(
        self, path: str, method: str = "", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        """Do one request as it is; a body makes it a POST where no method is given."""
        request = HTTPRequest(
            f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}",
            method or ("GET" if body is None else "POST"),
            dict(headers or {}),
            body,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            ssl_options=self.tls,
        )
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    def advance(self, seconds: float) -> None:
        """Let time pass on a clock that stands still, and do what is due then."""
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(seconds)
        self.runtime.deadlines.run_due()
        self.community.presence.run_due()
        self.community.task_parts.runner.run_due()

    async def register(self, username: str) -> Any:
        """Make an account; return what the answer says: tokens and user."""
        answer = await self.call("POST", "/api/auth/register", {"username": username, "password": "correct horse"})
        assert answer.status == 201, answer.json
        return answer.data

    async def friends(self) -> tuple[Any, Any]:
        """Return alice and bob, signed in and friends."""
        alice, bob = await self.register("alice"), await self.register("bob")
        await self.community.friendships.befriend(alice["user"]["id"], bob["user"]["id"], self.clock.now())
        return alice, bob

    async def operator(self, username: str = "chief") -> Any:
        """Make an account with an operator's rights; return what its sign-in says."""
        sign_in = await self.register(username)
        await self.community.users.promote(sign_in["user"]["id"])
        return sign_in

    async def connect(self, auth: Any = None, query: str = "", headers: Mapping[str, str] | None = None) -> ChatClient:
        """Open a Socket.IO connection; `ChatClient.connected` tells how it went."""
        url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket{query}"
        connection = await websocket_connect(HTTPRequest(url, headers=dict(headers or {})))
        client = ChatClient(connection, self._contract())
        self._clients.append(client)
        await connection.write_message("40" + ("" if auth is None else json.dumps(auth)))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.connected
        return client

    async def chat(self, sign_in: Any) -> ChatClient:
        """Open the Socket.IO connection of somebody who is signed in."""
        client = await self.connect({"token": sign_in["access_token"]})
        assert "sid" in client.connected.result()
        return client

    async def stop(self) -> None:
        await close_wires()
        for client in self._clients:
            await client.close()
        self.front.stop()
        await self.sio.close()
        await self.front.close_all_connections()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.services.unfinished:  # a handler may still learn that its client is gone
                await asyncio.sleep(0.01)
        await self.market.prices.stop()
        await self.market.bars.stop()
        await self.community.presence.stop()
        await self.community.task_parts.runner.stop()
        await self.community.uploads.close()
        await self.community.audit.close()
        await self.community.watch.close()
        await self.community.writer.close()
        await self.community.news.close()
        await self.community.marks.close()
        await self.community.notification_jobs.close()
        await self.community.settle_notifications()
        self.community.passwords.close()
        self.runtime.stop()
