from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.messages import Change, Search, StoredMessage
from server.domain.search_terms import Query, query_of
from server.errors import ErrorCode, RequestError
from server.storage import message_search
from server.storage.documents import Database
from server.storage.message_search import MessageSearch, search_filter
from server.storage.messages import WITHOUT_TERMS, MessageRepository

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
WORDS = ("贵州茅台", "五粮液", "涨停了", "NVDA", "600519", "hello", "good morning", "今天大盘不错", "卖出", "买入")
NOTHING = Search()


def made(count: int, conversation_id: str = "c") -> list[StoredMessage]:
    chance = random.Random(count)
    return [
        StoredMessage(
            id=f"{conversation_id}{seq}",
            conversation_id=conversation_id,
            seq=seq,
            sender_id=f"user{chance.randrange(20)}",
            type="stock" if seq % 50 == 0 else "text",
            content=" ".join(chance.choices(WORDS, k=3)) + (" 稀有" if seq % 100 == 1 else ""),
            created_at=NOW + timedelta(seconds=seq),
        )
        for seq in range(1, count + 1)
    ]


async def fill(database: Database, count: int) -> list[StoredMessage]:
    messages = MessageRepository(database)
    written = made(count)
    await messages.insert([*written, *made(count // 2, "d"), *made(count // 2, "b")])
    return written


@pytest.mark.parametrize("text", ["茅台", "nv", "600519 hello", "买", "今天大盘不错", "稀有", "good morning", "没有"])
@pytest.mark.gen_test
async def test_exactly_what_matches_is_found(database: Database, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_search, "CANDIDATES", 40)
    written = await fill(database, 300)
    query = query_of(text)
    wanted = [
        message.seq for message in reversed(written) if all(word in message.content.casefold() for word in text.split())
    ]
    found = await MessageSearch(database).find("c", NOTHING, query, 1000)
    assert [message.seq for message in found] == wanted
    assert found == [message for message in reversed(written) if message.seq in set(wanted)]
    few = await MessageSearch(database).find("c", Search(before_seq=200, after_seq=10), query, 3)
    assert [message.seq for message in few] == [seq for seq in wanted if 10 < seq < 200][:3]


async def plan_of(database: Database, search: Search, text: str | None) -> Any:
    query: Query | None = query_of(text) if text else None
    wanted = search_filter("c", search, query, search.before_seq)
    return await database["messages"].find(wanted, WITHOUT_TERMS).sort("seq", -1).limit(20).explain()


@pytest.mark.parametrize(
    ("search", "text", "index"),
    [
        (NOTHING, "稀有", "conversation_terms"),
        (NOTHING, "稀", "conversation_terms"),
        (NOTHING, "稀有 nvda", "conversation_terms"),
        (Search(sender_id="user7"), None, "conversation_sender"),
        (Search(type="stock"), None, "conversation_type"),
        (Search(before_seq=100, after_seq=20), None, "conversation_seq"),
        (Search(type="text"), None, "conversation_seq"),
    ],
)
@pytest.mark.gen_test
async def test_a_search_uses_its_index_and_reads_no_more_than_that(
    database: Database, search: Search, text: str | None, index: str
) -> None:
    await fill(database, 2000)
    plan = await plan_of(database, search, text)
    winning = json.dumps(plan["queryPlanner"]["winningPlan"], default=str)
    assert f'"{index}"' in winning
    assert "COLLSCAN" not in winning
    statistics = plan["executionStats"]
    assert statistics["nReturned"] > 0
    assert statistics["totalDocsExamined"] <= max(25, 2 * statistics["nReturned"])


@pytest.mark.gen_test
async def test_the_beginning_of_a_word_is_looked_up_in_the_index(database: Database) -> None:
    await fill(database, 2000)
    plan = json.dumps((await plan_of(database, NOTHING, "nv"))["queryPlanner"], default=str)
    assert r"[\"nv\", \"nw\")" in plan


@pytest.mark.gen_test
async def test_a_time_is_found_by_the_index_alone(database: Database) -> None:
    written = await fill(database, 500)
    messages = MessageRepository(database)
    assert await messages.first_at("c", NOW) == 1
    assert await messages.first_at("c", NOW + timedelta(seconds=77.5)) == 78
    assert await messages.first_at("c", written[-1].created_at) == 500
    assert await messages.first_at("c", NOW + timedelta(days=1)) is None
    assert await messages.first_at("e", NOW) is None
    cursor = database["messages"].find(
        {"conversation_id": "c", "created_at": {"$gte": NOW + timedelta(seconds=77)}}, {"_id": 0, "seq": 1}
    )
    plan = await cursor.sort([("created_at", 1), ("seq", 1)]).limit(1).explain()
    assert "conversation_time" in json.dumps(plan["queryPlanner"]["winningPlan"])
    assert (plan["executionStats"]["totalDocsExamined"], plan["executionStats"]["totalKeysExamined"]) == (0, 1)


@pytest.mark.gen_test
async def test_a_search_that_takes_too_long_is_unavailable(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_search, "SEARCH_SECONDS", 0.000001)
    with pytest.raises(RequestError) as refused:
        await MessageSearch(database).find("c", NOTHING, query_of("x"), 10)
    assert refused.value.code is ErrorCode.UNAVAILABLE


@pytest.mark.gen_test
async def test_what_is_changed_is_indexed_anew_and_what_is_recalled_no_more(database: Database) -> None:
    messages = MessageRepository(database)
    await database["conversations"].insert_one({"_id": "c", "revision": 0})
    await messages.insert([StoredMessage("m", "c", 1, "s", "text", "@bob 茅台", NOW, mentions=("bob",))])
    changed = await messages.change("m", "c", Change("五粮液", NOW, searchable="五粮液"))
    assert changed is not None
    assert changed.mentions == ()
    document = await database["messages"].find_one({"_id": "m"})
    assert document is not None
    assert document["terms"] == ["五粮", "粮液", "液"]
    assert "mentions" not in document
    recalled = await messages.change("m", "c", Change("", recalled=True))
    assert recalled is not None
    document = await database["messages"].find_one({"_id": "m"})
    assert document is not None
    assert {"terms", "mentions", "stock"} & document.keys() == set()


@pytest.mark.gen_test
async def test_no_read_brings_the_terms_along(database: Database) -> None:
    seen: list[Any] = []
    messages = MessageRepository(database)
    await messages.insert(made(3))
    await database.command("profile", 2)
    try:
        await messages.newest("c", 5, None, 0)
        await messages.following("c", 0, 5)
        await messages.find("c1")
        await messages.find_beginnings(["c1"])
        await messages.find_sent([("s", "a")])
        await messages.changed("c", 0, 5, 5)
        await messages.last_messages(["c"])
        await MessageSearch(database).find("c", NOTHING, query_of("a"), 5)
    finally:
        await database.command("profile", 0)
    async for profiled in database["system.profile"].find({"ns": f"{database.name}.messages"}):
        command = profiled["command"]
        shape = json.dumps(command.get("projection") or command.get("pipeline"))
        seen.append(shape)
        assert '"terms": 0' in shape or '"message.terms": 0' in shape or '"$substrCP"' in shape, command
    assert len(seen) == 8
