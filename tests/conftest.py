"""What every test may ask for: a loop of its own, a fresh database on a real mongod, and no leftovers."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import MongoClient
from tornado.ioloop import IOLoop

from server.storage.embedded import EmbeddedMongod
from server.storage.indexes import create_indexes
from server.storage.mongo import Mongo
from tests.support.leftovers import ErrorLog, finish_tasks

# Memory-backed where the machine has enough of it: the durable writes of a test run need not outlive it, and a
# database on a disk starts in seconds. This is where `tmp_path` lies, too.
_SHARED_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 4 << 30
if _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free >= _NEEDED_BYTES:
    tempfile.tempdir = str(_SHARED_MEMORY)


@pytest.fixture(scope="module", autouse=True)
def _frozen_heap() -> None:
    """Keep what is there already out of the collections that end every test.

    Again for each module: what the tests of a long run leave in caches makes each collection slower than the last.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def logged_errors() -> Iterator[ErrorLog]:
    """Collect what is logged at ERROR: a test fails for it, unless it takes the records with ``pop_all``."""
    log = ErrorLog()
    logging.getLogger().addHandler(log)
    yield log
    logging.getLogger().removeHandler(log)
    unexpected = log.pop_all()
    assert not unexpected, f"logged during the test: {unexpected}"


@pytest.fixture(autouse=True)
def _no_logged_errors(logged_errors: ErrorLog) -> None:
    """Ask for `logged_errors` in every test."""


@pytest.fixture
def io_loop() -> Iterator[IOLoop]:
    """The test's own loop, in place of pytest-tornado's, which uses what Tornado and asyncio have deprecated.

    A task still running, an exception nobody asked for, or a socket left open fails the test.
    """
    loop = IOLoop(make_current=False)
    asyncio.set_event_loop(loop.asyncio_loop)
    yield loop
    leftovers = loop.run_sync(finish_tasks)
    gc.collect()
    asyncio.set_event_loop(None)
    loop.close()
    assert not leftovers, f"still running at the end of the test: {leftovers}"


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """The address of the run's own mongod."""
    directory = Path(tempfile.mkdtemp(prefix="stock-insight-test-"))
    mongod = EmbeddedMongod(directory)
    try:
        uri = asyncio.run(mongod.start())
        _keep_what_has_expired(uri)
        yield uri
    finally:
        asyncio.run(mongod.stop())
        shutil.rmtree(directory)


def _keep_what_has_expired(uri: str) -> None:
    """Let mongod remove nothing by its own clock, which is far ahead of the tests' (`tests.support.clock`)."""
    with MongoClient[dict[str, Any]](uri) as client:
        client.admin.command("setParameter", 1, ttlMonitorEnabled=False)


@pytest.fixture(scope="session")
def used_databases() -> list[str]:
    """Names of databases that earlier tests have left, with their indexes."""
    return []


@pytest.fixture
def mongo(
    io_loop: IOLoop, mongodb_uri: str, used_databases: list[str], request: pytest.FixtureRequest
) -> Iterator[Mongo]:
    """One client on the test's loop, over an empty database that has its indexes.

    Making those takes most of a second: a database is emptied and used again, but for tests of the storage itself.
    """
    is_of_storage = "storage" in request.path.parts

    async def open_mongo() -> Mongo:
        if used_databases and not is_of_storage:
            opened = await Mongo.open(mongodb_uri, used_databases.pop())
            await _empty(opened.database)
            return opened
        opened = await Mongo.open(mongodb_uri, f"test_{secrets.token_hex(6)}")
        await create_indexes(opened.database)
        return opened

    async def leave(opened: Mongo) -> None:
        if is_of_storage:
            await opened.database.client.drop_database(opened.database.name)
        else:
            used_databases.append(opened.database.name)

    opened = io_loop.run_sync(open_mongo)
    assert opened is not None
    yield opened
    io_loop.run_sync(lambda: leave(opened))
    opened.close()


async def _empty(database: AsyncIOMotorDatabase[dict[str, Any]]) -> None:
    await database.command("profile", 0)
    names = {*await database.list_collection_names()}
    if "system.profile" in names:
        await database.drop_collection("system.profile")
    await asyncio.gather(*(database[name].delete_many({}) for name in names - {"system.profile"}))


@pytest.fixture
def database(mongo: Mongo) -> AsyncIOMotorDatabase[dict[str, Any]]:
    """The test's fresh database; its name is ``database.name``."""
    return mongo.database
