"""What every client is put through, and the table in docs/compatibility.md of how it went."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from server.protocol.engineio_session import EngineOptions
from server.transport.connections import ReaderName
from tests.apps.interop import make_app, make_recovering_app
from tests.support.engineio import AppMaker, ProtocolServer

OPTIONS = EngineOptions(ping_interval=0.1, ping_timeout=20.0)
TRANSPORTS = {"polling": "polling", "websocket": "WebSocket", "polling,websocket": "upgrade"}
SCENARIOS = {
    "connect": "connect",
    "refused": "refused, with data",
    "emit": "emit",
    "unicode": "unicode",
    "binary": "nested binary",
    "acks": "acks both ways",
    "server_timeout": "ack time-out: server's",
    "client_timeout": "client's",
    "namespaces": "namespaces",
    "broadcast": "broadcast",
    "order": "10,000 in order",
    "heartbeat": "heartbeat",
    "expelled": "expelled",
    "restart": "server restarts",
    "crash": "server crashes",
    "recovery": "recovery",
}
SECONDS = {scenario: 60.0 if scenario == "order" else 15.0 for scenario in SCENARIOS}
"""Nothing should take a tenth of it; what hangs ends then, by its name."""

PASSED, FAILED = "✓", "✗"
ABSENT = "not in this client"
BEGIN, END = "<!-- The table: tests/interop writes it. -->\n", "<!-- End of the table. -->\n"
LONGEST_CELL = 80


class Server:
    """What the clients talk to; it can be started again on its port. A second one has connection state recovery."""

    def __init__(self, make: AppMaker = make_app, reader: ReaderName = "epoll") -> None:
        self._start = partial(ProtocolServer, make, OPTIONS, real_time=True, reader=reader)
        self._server = self._start()
        self._recovering = ProtocolServer(make_recovering_app, OPTIONS, real_time=True, reader=reader)
        self.port = self._server.port
        self.recovering_port = self._recovering.port

    async def restart(self, how: str) -> None:
        """Stop in order for ``restart``, cut every connection for ``crash``, and start again."""
        await (self._server.kill() if how == "crash" else self._server.stop())
        self._server = self._start(port=self.port)

    async def stop(self) -> None:
        """Close everything."""
        await self._server.stop()
        await self._recovering.stop()


class Failure(str):
    """Why a scenario has no result."""

    __slots__ = ()


class Client(Protocol):
    """A client to be tried."""

    @property
    def label(self) -> str:
        """Its name and version, as installed."""

    @property
    def missing(self) -> str | None:
        """Why it cannot be tried here."""

    def expected(self, transports: str) -> dict[str, Any]:
        """Return what it must see: `expected`, but for where it differs."""

    async def run(self, server: Server, transports: str, seconds: Mapping[str, float]) -> dict[str, Any]:
        """Return the result of every scenario in ``seconds``, which says how long each may take."""


def expected(transports: str, **different: Any) -> dict[str, Any]:
    """Return what a client must see."""
    used = transports.rpartition(",")[2]
    binary = [{"bytes": [1, 2, 3]}, {"a": [{"bytes": []}, {"b": {"bytes": [255]}}]}, "text", {"bytes": [0]}]
    refusal = {"code": "unauthorized", "hint": ["good", "😀"]}
    results = {
        "connect": [{"token": "好😀", "list": [1, {"a": None}]}, used, True, True],
        "refused": [["the token is not good", refusal, False], {"token": "good"}],
        "emit": [1, -1.5, None, True, "", [[]], {"a": {"b": ""}}],
        "unicode": [["é\0\x1e", "😀", {"ключ 😀": "好"}, "\ud800 \udc00"], True],
        "binary": [binary, binary, True],
        "acks": [[["the answer to", "a", {"b": {"bytes": [1]}}, {"bytes": [9]}]], []],
        "server_timeout": [["no answer"], ["goes on"]],
        "client_timeout": [True, ["goes on"]],
        "namespaces": [{"token": "custom"}, ["c"], ["r"], True, ["root stays"], ["Invalid namespace", None, False]],
        "broadcast": [["好😀", {"b": {"bytes": [1]}}], ["heard nothing"]],
        "order": [True, used],
        "heartbeat": ["alive"],
        "expelled": [True, True],
        "restart": ["transport", ["again"]],
        "crash": ["transport", ["again"]],
        "recovery": [True, True, ["missed", "later"]],
    }
    return results | different


def cell(expected: Any, result: Any) -> str:
    """Return what the table says of a scenario."""
    if not isinstance(result, Failure) and result == expected:
        return "–" if result == ABSENT else PASSED
    reason = str(result) if isinstance(result, Failure) else json.dumps(result)
    if len(reason) > LONGEST_CELL:
        reason = f"{reason[:LONGEST_CELL]}…"
    return f"{FAILED} {reason}".replace("|", "\\|").replace("\n", " ")


class Row(NamedTuple):
    """One client over one transport."""

    client: str
    transports: str


class Table:
    """Collects the cells of a run; it is written only when the run has tried everything."""

    def __init__(self, clients: Sequence[str], footer: str = "") -> None:
        self._rows = [Row(client, transports) for client in clients for transports in TRANSPORTS]
        self._footer = footer
        self._cells: dict[Row, list[str]] = {}

    def add(self, row: Row, expected: Mapping[str, Any], results: Mapping[str, Any]) -> None:
        """Take the results of a row; what has none has failed."""
        nothing = Failure("no result")
        self._cells[row] = [cell(expected[name], results.get(name, nothing)) for name in SCENARIOS]

    def write(self, document: Path) -> bool:
        """Replace the table in ``document`` if this run tried everything; tell whether it did."""
        if self._cells.keys() != set(self._rows):
            return False
        text = document.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            raise ValueError(f"{document} has lost the marks around its table")
        written = "".join((before, begin, "\n", *self._lines(), "\n", end, after))
        if written != text:
            document.write_text(written, encoding="utf-8")
        return True

    def _lines(self) -> Iterator[str]:
        heads = ["client", "transport", *SCENARIOS.values()]
        yield f"| {' | '.join(heads)} |\n"
        yield f"|{'---|' * 2}{':-:|' * len(SCENARIOS)}\n"
        for row in self._rows:
            yield f"| {' | '.join([row.client, TRANSPORTS[row.transports], *self._cells[row]])} |\n"
        if self._footer:
            yield f"\n{self._footer}\n"
