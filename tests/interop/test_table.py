"""The matrix itself: what hangs is told by its name, and only a whole run writes the table."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application

from handlers.streams.socketio import EngineIOHandler
from server.protocol.engineio_session import EngineOptions
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from tests.interop import javascript
from tests.interop.javascript import JavaScriptClient
from tests.interop.matrix import ABSENT, BEGIN, END, SCENARIOS, TRANSPORTS, Client, Failure, Row, Server, Table, cell
from tests.interop.python_socketio import PythonClient

TEXT = f"# Title\n\nBefore.\n\n{BEGIN}{END}\nAfter.\n"
RESULTS = dict.fromkeys(SCENARIOS, "result")


def deaf_app(runtime: Runtime, options: EngineOptions) -> Application:
    """Return an application that connects everyone and answers nothing."""
    sio = SocketIOServer(runtime, engine_options=options)
    return Application([(r"/socket\.io/", EngineIOHandler, {"engine": sio.engine})], sio=sio)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "compatibility.md"
    path.write_text(TEXT)
    return path


def filled(results: dict[str, Any], *rows: Row) -> Table:
    table = Table(["client 1"], "Footer.")
    for row in rows:
        table.add(row, RESULTS, results)
    return table


ROWS = [Row("client 1", transports) for transports in TRANSPORTS]


def test_a_whole_run_writes_the_table_and_nothing_else(document: Path) -> None:
    assert filled(RESULTS, *ROWS).write(document)
    written = document.read_text()
    before, after = TEXT.split(BEGIN + END)
    assert written.startswith(before) and written.endswith(after)
    assert written.count("\n| client 1 |") == 3
    assert written.count("✓") == 3 * len(SCENARIOS)
    assert "\nFooter.\n" in written
    assert filled(RESULTS, *ROWS).write(document)
    assert document.read_text() == written


def test_a_part_of_a_run_writes_nothing(document: Path) -> None:
    assert not filled(RESULTS, *ROWS[1:]).write(document)
    assert document.read_text() == TEXT


def test_a_document_without_its_marks_is_not_touched(document: Path) -> None:
    document.write_text("# Title\n")
    with pytest.raises(ValueError, match="lost the marks"):
        filled(RESULTS, *ROWS).write(document)
    assert document.read_text() == "# Title\n"


def test_what_failed_is_in_the_table(document: Path) -> None:
    results = RESULTS | {"emit": Failure("timed out"), "unicode": "a|b" + "c" * 100}
    del results["binary"]
    filled(results, *ROWS).write(document)
    row = next(line for line in document.read_text().splitlines() if line.startswith("| client 1 "))
    assert row.split(" | ")[2:7] == ["✓", "✓", "✗ timed out", f'✗ "a\\|b{"c" * 76}…', "✗ no result"]


def test_what_a_client_cannot_do_must_be_expected() -> None:
    assert cell(ABSENT, ABSENT) == "–"
    assert cell("result", ABSENT) == f'✗ "{ABSENT}"'
    assert cell(ABSENT, "result") == '✗ "result"'
    assert cell("timed out", Failure("timed out")) == "✗ timed out"


@pytest.mark.parametrize("client", [JavaScriptClient("socket.io-client"), PythonClient()], ids=["node", "python"])
@pytest.mark.gen_test
async def test_a_scenario_that_hangs_ends_and_the_next_begins(io_loop: object, client: Client) -> None:
    if client.missing:
        pytest.skip(client.missing)
    server = Server(deaf_app)
    try:
        results = await client.run(server, "websocket", {"emit": 0.1, "acks": 0.1})
    finally:
        await server.stop()
    assert results == {"emit": "timed out", "acks": "timed out"}
    assert all(isinstance(result, Failure) for result in results.values())


@pytest.mark.gen_test
async def test_a_node_that_hangs_is_ended(io_loop: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "hangs.py"
    script.write_text('import time\nprint(\'{"scenario": "emit", "result": 1}\', flush=True)\ntime.sleep(600)\n')
    monkeypatch.setattr(javascript, "NODE", sys.executable)
    monkeypatch.setattr(javascript, "SCRIPT", script)
    monkeypatch.setattr(javascript, "GRACE_SECONDS", 5.0)
    server = Server()
    try:
        async with asyncio.timeout(60):
            assert await JavaScriptClient("any").run(server, "polling", {"emit": 0.1, "acks": 0.1}) == {"emit": 1}
    finally:
        await server.stop()
