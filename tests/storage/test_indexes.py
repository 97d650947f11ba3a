from __future__ import annotations

import pytest
from pymongo.errors import DuplicateKeyError

from server.storage.documents import Database
from server.storage.indexes import INDEXES, create_indexes


@pytest.mark.gen_test
async def test_every_index_is_there_once_however_often_it_is_made(database: Database) -> None:
    await create_indexes(database)
    for name, models in INDEXES.items():
        assert set(await database[name].index_information()) == {"_id_"} | {model.document["name"] for model in models}


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("users", {"username_key": "a"}, {"username_key": "a"}),
        ("relations", {"request": {"id": "a"}}, {"request": {"id": "a"}}),
        ("conversations", {"pair": "a:b"}, {"pair": "a:b"}),
        ("messages", {"conversation_id": "c", "seq": 1}, {"conversation_id": "c", "seq": 1}),
        (
            "messages",
            {"conversation_id": "c", "seq": 1, "sender_id": "s", "client_msg_id": "m"},
            {"conversation_id": "d", "seq": 1, "sender_id": "s", "client_msg_id": "m"},
        ),
    ],
)
@pytest.mark.gen_test
async def test_what_must_be_unique_is(
    database: Database, name: str, first: dict[str, object], second: dict[str, object]
) -> None:
    await database[name].insert_one(first)
    with pytest.raises(DuplicateKeyError):
        await database[name].insert_one(second)


@pytest.mark.gen_test
async def test_messages_without_a_client_id_do_not_clash(database: Database) -> None:
    await database["messages"].insert_many([{"conversation_id": "c", "seq": n, "sender_id": "s"} for n in range(3)])
    assert await database["messages"].count_documents({}) == 3


@pytest.mark.gen_test
async def test_indexes_of_a_large_collection_may_take_their_time(database: Database) -> None:
    """A call's time limit goes to the database with it."""
    await database["messages"].drop_indexes()
    await database.command("profile", 2)
    await create_indexes(database)
    await database.command("profile", 0)
    calls = await database["system.profile"].find({"command.createIndexes": "messages"}).to_list(None)
    assert calls and not [call for call in calls if "maxTimeMS" in call["command"]]
