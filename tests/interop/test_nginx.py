"""Behind a real nginx, which keeps its connections open and sends requests of all clients and paths over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tornado.web import Application, RequestHandler

from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from tests.apps.protocol import make_app
from tests.interop.javascript import JavaScriptClient
from tests.interop.matrix import SECONDS, Client, Server
from tests.interop.python_socketio import PythonClient
from tests.support.engineio import Polling, ProtocolServer, only_client
from tests.support.nginx import MISSING, Nginx
from tests.support.wire import WebSocketWire, Wire, request, until, upgrade_headers

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

SCENARIOS = {
    scenario: seconds
    for scenario, seconds in SECONDS.items()
    if scenario not in ("restart", "crash", "recovery", "client_timeout")
}
"""Those that are about requests."""

CLIENTS: dict[str, Client] = {
    "newest": JavaScriptClient("socket.io-client"),
    "2": JavaScriptClient("socket.io-client-2"),
    "python": PythonClient(),
}


class Peer(RequestHandler):
    """Tells from which port the proxy's connection comes."""

    def get(self) -> None:
        self.finish(str(self.request.connection.context.address[1]))  # type: ignore[union-attr]


def make(runtime: Runtime, options: EngineOptions) -> Application:
    app = make_app(runtime, options)
    app.add_handlers(".*", [("/peer", Peer)])
    return app


@asynccontextmanager
async def proxied(front: bool, keepalive: int) -> AsyncIterator[tuple[ProtocolServer, int]]:
    """Start a server and the nginx before it; give the port of the latter."""
    server = ProtocolServer(make, polling_front=front)
    nginx = await Nginx.start(server.port, keepalive)
    try:
        yield server, nginx.port
    finally:
        await server.stop()
        await nginx.stop()


@pytest.mark.parametrize("front", [True, False])
@pytest.mark.gen_test
async def test_one_connection_of_the_proxy_carries_everything(io_loop: object, front: bool) -> None:
    async with proxied(front, keepalive=1) as (server, port):
        first, second = await Polling.open(server), await Polling.open(server)
        ports = {(await request(port, "GET", "/peer")).body}
        for number in range(20):
            for client in (first, second):
                sent = f"4{client.sid} {number}".encode()
                headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": "http://o"}
                assert (await request(port, "POST", client.target, headers, sent)).body == b"ok"
                assert (await request(port, "GET", "/nowhere")).status == 404
                assert (await request(port, "GET", client.target)).body == sent
                ports.add((await request(port, "GET", "/peer")).body)
        assert len(ports) == 1
        assert bool(server.runtime.metrics.bytes_in) is front  # Tornado's are not counted


@pytest.mark.parametrize("front", [True, False])
@pytest.mark.gen_test
async def test_what_the_client_does_reaches_the_session(io_loop: object, front: bool) -> None:
    """Large bodies arrive, a cut poll ends the session, an upgrade takes it over."""
    async with proxied(front, keepalive=4) as (server, port):
        client = await Polling.open(server)
        body = b"4" + b"x" * 999_999
        assert (await request(port, "POST", client.target, {"Content-Type": "text/plain"}, body)).body == b"ok"
        assert (await request(port, "GET", client.target)).body == body
        wire = await WebSocketWire.open(port)
        wire.send_request("GET", client.websocket_target, upgrade_headers())
        assert (await wire.answer()).status == 101
        wire.send_text("2probe", "5", "4over the WebSocket")
        assert [await wire.text(), await wire.text()] == ["3probe", "4over the WebSocket"]
        wire.close()
        await until(lambda: not server.echo.clients)
        client = await Polling.open(server)
        poll = await Wire.open(port)
        poll.send_request("GET", client.target)
        await until(lambda: only_client(server.echo).has_poll)
        poll.reset()
        await until(lambda: not server.echo.clients)


async def visit_other_paths(port: int) -> None:
    """Ask for pages that are not there, until cancelled."""
    while True:
        assert (await request(port, "GET", "/nowhere")).status == 404
        await asyncio.sleep(0)


@pytest.mark.parametrize("transports", ["polling", "polling,websocket"])
@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.gen_test(timeout=sum(SCENARIOS.values()))
async def test_real_clients(io_loop: object, name: str, transports: str) -> None:
    client = CLIENTS[name]
    if client.missing:
        pytest.skip(client.missing)
    server = Server()
    nginx = await Nginx.start(server.port, keepalive=2)
    server.port = nginx.port
    others = asyncio.ensure_future(visit_other_paths(nginx.port))
    try:
        results = await client.run(server, transports, SCENARIOS)
    finally:
        others.cancel()
        await asyncio.wait([others])
        await server.stop()
        await nginx.stop()
    assert others.cancelled()
    expected = client.expected(transports)
    assert results == {scenario: expected[scenario] for scenario in SCENARIOS}
