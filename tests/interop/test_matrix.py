"""Real clients, old and new, over every transport; a run of all of them writes the table in docs/compatibility.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.interop.javascript import ROOT, JavaScriptClient, node_version
from tests.interop.matrix import SECONDS, TRANSPORTS, Client, Row, Server, Table
from tests.interop.python_socketio import PythonClient

DOCUMENT = ROOT / "docs" / "compatibility.md"
OLD = frozenset({"client_timeout", "recovery"})  # socket.timeout() came with 4.4, recovery with 4.6
CLIENTS: dict[str, Client] = {
    "newest": JavaScriptClient("socket.io-client"),
    "msgpack": JavaScriptClient("socket.io-client", parser="socket.io-msgpack-parser"),
    "4.0.1": JavaScriptClient("socket.io-client-4.0.1", lacks=OLD),
    "3": JavaScriptClient("socket.io-client-3", lacks=OLD),
    "2": JavaScriptClient("socket.io-client-2", lacks=OLD),
    "python": PythonClient(),
}


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    """Collect what the tests below see, and write it if they were all of them."""
    footer = f"Run with Node.js {node_version()} and Python {sys.version_info.major}.{sys.version_info.minor}."
    collected = Table([client.label for client in CLIENTS.values()], footer)
    yield collected
    collected.write(DOCUMENT)


@pytest.mark.parametrize("transports", TRANSPORTS)
@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.gen_test(timeout=sum(SECONDS.values()))
async def test_every_scenario(io_loop: object, table: Table, name: str, transports: str) -> None:
    client = CLIENTS[name]
    if client.missing:
        pytest.skip(client.missing)
    server = Server()
    try:
        results = await client.run(server, transports, SECONDS)
    finally:
        await server.stop()
    expected = client.expected(transports)
    table.add(Row(client.label, transports), expected, results)
    assert results == expected


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.gen_test(timeout=sum(SECONDS.values()))
async def test_every_scenario_over_tornados_stream(io_loop: object, name: str) -> None:
    """The variant for TLS and for systems without epoll, through polling, upgrade and WebSocket."""
    client, transports = CLIENTS[name], "polling,websocket"
    if client.missing:
        pytest.skip(client.missing)
    server = Server(reader="iostream")
    try:
        results = await client.run(server, transports, SECONDS)
    finally:
        await server.stop()
    assert results == client.expected(transports)
