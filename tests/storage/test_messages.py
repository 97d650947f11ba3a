from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from server.domain.messages import Change, StoredMessage
from server.errors import ErrorCode, RequestError
from server.storage.documents import Database, Document
from server.storage.messages import Clash, Inserted, MessageRepository, changed_filter
from server.storage.mongo import Mongo
from server.storage.users import UserRepository

NOW = datetime(2026, 1, 5, 2, 0, 0, 123000, tzinfo=UTC)


def message(seq: int, client_msg_id: str | None = None, conversation_id: str = "c") -> StoredMessage:
    message_id = f"{conversation_id}{seq}{client_msg_id}"
    return StoredMessage(message_id, conversation_id, seq, "s", "text", "x", NOW, client_msg_id)


@pytest.mark.gen_test
async def test_an_insert_stops_at_the_first_clash(database: Database) -> None:
    messages = MessageRepository(database)
    assert await messages.insert([message(1, "a"), message(2)]) == Inserted(2, None)
    assert await messages.insert([message(3), message(2, "b"), message(4)]) == Inserted(1, Clash.SEQ)
    assert await messages.insert([message(4), message(5), message(6, "a")]) == Inserted(2, Clash.CLIENT_MSG_ID)
    assert [found.seq for found in await messages.following("c", 0, 10)] == [1, 2, 3, 4, 5]


@pytest.mark.gen_test
async def test_what_is_read_is_what_was_written(database: Database) -> None:
    messages = MessageRepository(database)
    written = [message(1, "a"), StoredMessage("m2", "c", 2, "s", "text", "x", NOW, None, "c1a")]
    await messages.insert(written)
    assert await messages.following("c", 0, 10) == written
    assert await messages.newest("c", 10, None, 0) == written[::-1]
    assert await messages.find_sent([("s", "a"), ("s", "b"), ("t", "a")]) == written[:1]
    assert await messages.find_stored(["m2", "nothing"]) == written[1:]
    assert await messages.find("m2") == written[1]
    assert await messages.find("nothing") is None


@pytest.mark.gen_test
async def test_the_last_of_each_conversation(database: Database) -> None:
    messages = MessageRepository(database)
    await messages.insert([message(seq, None, name) for name in "abc" for seq in range(1, 40)])
    last = await messages.last_confirmed(["a", "c", "nothing"])
    assert {name: found.seq for name, found in last.items()} == {"a": 39, "c": 39}
    assert (await messages.last_messages(["b"]))["b"].seq == 39
    assert await messages.last_confirmed([]) == {}


@pytest.mark.gen_test
async def test_the_last_is_found_by_the_index_alone(database: Database) -> None:
    await MessageRepository(database).insert([message(seq, None, name) for name in "abc" for seq in range(1, 40)])
    pipeline = [
        {"$match": {"conversation_id": {"$in": ["a", "b"]}}},
        {"$sort": {"conversation_id": -1, "seq": -1}},
        {"$group": {"_id": "$conversation_id", "message": {"$first": "$$ROOT"}}},
        {"$project": {"message.terms": 0}},
    ]
    plan = await database.command("explain", {"aggregate": "messages", "pipeline": pipeline, "cursor": {}})
    assert "DISTINCT_SCAN" in json.dumps(plan, default=str)


@pytest.mark.gen_test
async def test_what_has_changed_is_found_by_the_index_alone(database: Database) -> None:
    documents: list[Document] = [
        {"conversation_id": name, "seq": seq, **({"revision": seq} if seq % 10 == 0 else {})}
        for name in "abc"
        for seq in range(1, 200)
    ]
    await database["messages"].insert_many(documents)
    query = database["messages"].find(changed_filter("b", 50, 150)).sort("revision", 1).limit(5)
    plan = await query.explain()
    assert "conversation_revision" in json.dumps(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in json.dumps(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalDocsExamined"] == plan["executionStats"]["nReturned"] == 5
    assert plan["executionStats"]["totalKeysExamined"] <= 6


@pytest.mark.gen_test
async def test_a_database_that_is_away_is_unavailable() -> None:
    # Port 1 of the loopback: nobody listens there.
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50&directConnection=true"
    )
    database = Mongo(client, "away").database
    for call in (
        MessageRepository(database).insert([message(1)]),
        MessageRepository(database).last_confirmed(["c"]),
        MessageRepository(database).change("m", "c", Change("x")),
        UserRepository(database).find("u"),
    ):
        with pytest.raises(RequestError) as refused:
            await call
        assert refused.value.code is ErrorCode.UNAVAILABLE
    client.close()
