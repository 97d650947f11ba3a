"""The real server, ``run.py`` with a mongod of its own in a fresh directory, while it is measured."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 30.0
QUIET = ("--price_push_interval=86400", "--demo_accounts=off", "--log_level=warning")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class StartFailedError(Exception):
    """The server did not come up; the text says what it printed."""


class WrongAnswerError(Exception):
    """The server did not do what it should: there is no figure."""


class Site:
    """A running server: where it listens, what it keeps where, and what CPU time it has used."""

    def __init__(self, process: subprocess.Popen[str], directory: Path, port: int) -> None:
        self._process = process
        self._directory = directory
        self.port = port

    @property
    def mongodb_uri(self) -> str:
        """The address of the database."""
        port = (self._directory / "mongodb" / "port").read_text().strip()
        return f"mongodb://127.0.0.1:{port}/?directConnection=true"

    @property
    def jwt_secret(self) -> bytes:
        """What access tokens are signed with."""
        return (self._directory / "jwt_secret").read_bytes().strip()

    def server_seconds(self) -> float:
        """Return the CPU time of the server so far."""
        return _cpu_seconds(self._process.pid)

    def server_bytes(self) -> int:
        """Return the memory that the server holds now."""
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text(), re.MULTILINE)
        return 1024 * int(found[1]) if found else 0

    def database_seconds(self) -> float:
        """Return the CPU time of mongod so far."""
        return _cpu_seconds(int((self._directory / "mongodb" / "db" / "mongod.lock").read_text()))


@contextmanager
def running_site(prepare: Callable[[Path], Sequence[str]] = lambda _: ()) -> Iterator[Site]:
    """Run the server while the block lasts; ``prepare`` fills its data directory and returns options.

    Raises:
        StartFailedError: it ended at once.
    """
    with tempfile.TemporaryDirectory(prefix="stock-insight-bench-") as directory:
        options = prepare(Path(directory))
        command = [sys.executable, "run.py", "--port=0", f"--data_dir={directory}", *QUIET, *options]
        with subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield Site(process, Path(directory), _wait_for_port(process))
            finally:
                process.terminate()
                process.wait(STOP_SECONDS)


def _wait_for_port(process: subprocess.Popen[str]) -> int:
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if found := re.search(r"listening on http://[\d.]+:(\d+)/", line):
            threading.Thread(target=_discard, args=[process], daemon=True).start()
            return int(found[1])
    raise StartFailedError(f"the server ended at once: {' / '.join(lines[-3:])}")


def _discard(process: subprocess.Popen[str]) -> None:
    """Read what the server prints, so that it need not wait."""
    for _ in process.stdout or ():
        pass


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
