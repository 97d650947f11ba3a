"""The connection to MongoDB: what it promises, and one sentence when it cannot be made."""

from __future__ import annotations

import os
import signal
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import InvalidOperation, PyMongoError

from server.errors import ErrorCode, RequestError, StartError
from server.storage.availability import AWAY, database_call
from server.storage.embedded import EmbeddedMongod
from server.storage.mongo import SELECTION_TIMEOUT_SECONDS, Mongo


@pytest.mark.gen_test
async def test_writes_are_durable_and_times_have_their_offset(mongo: Mongo) -> None:
    await mongo.ping()
    assert mongo.database.write_concern.document == {"w": "majority", "j": True}
    moment = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    await mongo.database.times.insert_one({"_id": 1, "at": moment})
    assert await mongo.database.times.find_one() == {"_id": 1, "at": moment}


@pytest.mark.gen_test
async def test_a_database_that_hangs_fails_the_call_and_serves_the_next(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    mongo = await Mongo.open(await mongod.start(), "test", call_timeout_seconds=0.5)
    pid = mongod.pid
    assert pid is not None
    try:
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(PyMongoError) as caught:
            await mongo.database.things.insert_one({"_id": 1})
        assert isinstance(caught.value, AWAY)
        os.kill(pid, signal.SIGCONT)
        while True:  # the driver may first have to find it again
            try:
                await mongo.database.things.replace_one({"_id": 2}, {}, upsert=True)
                assert await mongo.database.things.find_one({"_id": 2}) == {"_id": 2}
            except AWAY:
                continue
            break
    finally:
        os.kill(pid, signal.SIGCONT)
        mongo.close()
        await mongod.stop()


@pytest.mark.gen_test
async def test_closing_does_not_wait_for_a_database_that_is_gone(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    mongo = await Mongo.open(await mongod.start(), "test")
    assert mongod.pid is not None
    os.kill(mongod.pid, signal.SIGKILL)
    assert "exit code -9" in await mongod.wait_died()
    with pytest.raises(PyMongoError), pymongo.timeout(0.5):
        await mongo.ping()
    begun = time.monotonic()
    mongo.close()
    assert time.monotonic() - begun < SELECTION_TIMEOUT_SECONDS
    await mongod.stop()


async def refusal(uri: str, timeout_seconds: float = 0.2) -> str:
    with pytest.raises(StartError) as caught:
        await Mongo.open(uri, "unused", timeout_seconds)
    text = str(caught.value)
    assert "hunter2" not in text
    assert "\n" not in text
    return text


@pytest.mark.gen_test
async def test_nobody_there_is_one_sentence() -> None:
    text = await refusal("mongodb://alice:hunter2@127.0.0.1:1/?replicaSet=rs0")
    assert text == "MongoDB at 127.0.0.1:1 did not answer within 0.2 s; start it, or correct mongodb_uri"


@pytest.mark.gen_test
async def test_one_who_listens_but_never_answers_is_one_sentence() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        assert "did not answer within 0.2 s" in await refusal(f"mongodb://127.0.0.1:{port}/")


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("mongodb://127.0.0.1:99999", "Port must be an integer between 0 and 65535"),
        ("mongodb://alice:hunter2@x:hunter2@127.0.0.1/", "see its user name, password and options"),
        ("mongodb://127.0.0.1/?directConnection=true&loadBalanced=true", "loadBalanced"),
    ],
)
async def test_a_wrong_address_is_one_sentence(uri: str, reason: str) -> None:
    text = await refusal(uri)
    assert text.startswith("mongodb_uri is not a usable MongoDB address: ")
    assert reason in text


@pytest.mark.gen_test
async def test_refused_credentials_are_one_sentence(mongodb_uri: str) -> None:
    text = await refusal(mongodb_uri.replace("://", "://alice:hunter2@"), timeout_seconds=30)
    assert "refused the connection of mongodb_uri: Authentication failed" in text


@pytest.mark.gen_test
async def test_a_database_that_was_given_up_is_unavailable_and_a_mistake_stays_one(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    mongo = await Mongo.open(await mongod.start(), "test")

    @database_call
    async def write(*things: dict[str, int]) -> None:
        await mongo.database.things.bulk_write([pymongo.InsertOne(thing) for thing in things])

    with pytest.raises(InvalidOperation, match="No operations"):
        await write()
    mongo.close()
    await mongod.stop()
    with pytest.raises(RequestError) as caught:
        await write({"_id": 1})
    assert caught.value.code is ErrorCode.UNAVAILABLE
