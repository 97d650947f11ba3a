"""The directory of a private ``mongod``: whose it is, whether it can be used, which port is kept in it."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from server.errors import StartError

HOST = "127.0.0.1"
STOP_TIMEOUT_SECONDS = 20.0
# Less is a full disk: mongod would start on it, and die at one of the next writes.
MIN_FREE_BYTES = 64 * 1_048_576
POLL_SECONDS = 0.01


def take_directory(directory: Path) -> IO[str]:
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


def require_space(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < MIN_FREE_BYTES:
        raise StartError(
            f"the disk of the data directory {directory} is full: {free >> 20} MiB are free, "
            f"{MIN_FREE_BYTES >> 20} MiB are needed; make room, or choose another one with --data_dir"
        )


async def end_leftover(database_path: Path) -> None:
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
        if await wait_until(lambda: not _serves(pid, database_path), STOP_TIMEOUT_SECONDS):
            return


def _serves(pid: int, database_path: Path) -> bool:
    """Tell whether process ``pid`` is alive and a ``mongod`` over ``database_path``."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return "mongod" in Path(arguments[0]).name and ("--dbpath", str(database_path)) in itertools.pairwise(arguments)


def choose_port(kept: Path) -> int:
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


async def wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Ask ``condition`` in short intervals; return False when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
