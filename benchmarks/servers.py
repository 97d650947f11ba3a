"""Who is measured: how each server is started and what it can do."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.machine import Cores
from benchmarks.scenarios import Feature, Scenario

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Server:
    """One column of the table."""

    name: str
    title: str
    command: tuple[str, ...]
    options: frozenset[str] = frozenset()
    """The options of scenarios that it takes."""
    lacks: frozenset[Feature] = frozenset()

    def applies(self, scenario: Scenario) -> bool:
        """Tell whether the server can do what a scenario needs."""
        return not scenario.needs & self.lacks

    def command_line(self, port: int, options: Mapping[str, str]) -> list[str]:
        """Return what starts the server on a port."""
        command = [*self.command, "--port", str(port)]
        for name, value in options.items():
            if name in self.options:
                command += [f"--{name}", value]
        return command


OURS, NODE = "ours", "node"
PYTHON_SOCKETIO = ("psio-uvicorn", "psio-aiohttp")
_OUR_COMMAND = (sys.executable, "-m", "benchmarks.server")
_PSIO_COMMAND = (sys.executable, "-m", "benchmarks.peers.python_socketio", "--host")
_PSIO_OPTIONS = frozenset({"ping-interval", "format"})

SERVERS = {
    server.name: server
    for server in (
        Server(OURS, "this server", _OUR_COMMAND, frozenset({"ping-interval"})),
        Server(
            NODE,
            "Node socket.io",
            ("node", "benchmarks/peers/node.cjs"),
            frozenset({"ping-interval", "format", "engine-version"}),
        ),
        Server(
            PYTHON_SOCKETIO[0],
            "python-socketio, uvicorn",
            (*_PSIO_COMMAND, "uvicorn"),
            _PSIO_OPTIONS,
            frozenset({Feature.ENGINEIO_3}),
        ),
        Server(
            PYTHON_SOCKETIO[1],
            "python-socketio, aiohttp",
            (*_PSIO_COMMAND, "aiohttp"),
            _PSIO_OPTIONS,
            frozenset({Feature.ENGINEIO_3}),
        ),
        Server(
            "tornado",
            "plain Tornado",
            (sys.executable, "-m", "benchmarks.peers.plain_tornado"),
            lacks=frozenset(Feature) - {Feature.POLLING},
        ),
        Server(
            "limit",
            "C, the least",
            ("build/limit",),
            lacks=frozenset(Feature),
        ),
        Server(
            "ours-iostream",
            "this server, iostream",
            (*_OUR_COMMAND, "--reader", "iostream"),
            frozenset({"ping-interval"}),
        ),
    )
}
DEFAULT_SERVERS = tuple(name for name in SERVERS if name not in ("limit", "ours-iostream"))


class StartFailedError(Exception):
    """A server did not come up; the text says what it printed."""


@contextmanager
def running(server: Server, options: Mapping[str, str], cores: Cores) -> Iterator[tuple[int, int]]:
    """Run a server while the block lasts; gives its port and process id."""
    port = _free_port()
    command = cores.pinned(cores.server, server.command_line(port, options))
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=words, stderr=words)  # noqa: S603
        try:
            _wait_for(process, port, words)
            yield port, process.pid
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, words: IO[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            words.seek(0)
            lines = words.read().decode(errors="replace").split("\n")
            raise StartFailedError(f"the server ended at once: {' / '.join(line for line in lines[-3:] if line)}")
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            time.sleep(POLL_SECONDS)
    raise StartFailedError(f"the server did not listen within {START_SECONDS:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
