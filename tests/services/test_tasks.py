from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import UNSET

from server.domain.tasks import TaskState
from server.domain.users import Role
from server.errors import ErrorCode, RequestError
from server.services.tasks import events_of_attempt
from server.storage.documents import Database, new_id
from server.storage.tasks import MAX_OPEN
from tests.support.tasks import EXTERNAL, Workshop, code_of, principal


@pytest.mark.gen_test
async def test_twenty_open_tasks_are_the_most_whoever_races(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    answers = await asyncio.gather(*(code_of(shop.service.create(owner, "steps", {})) for _ in range(30)))
    assert (answers.count("ok"), answers.count("limit_reached")) == (MAX_OPEN, 10)
    assert await shop.collection.count_documents({"state": "queued"}) == MAX_OPEN
    page = await shop.service.list(owner, None, None, None, 100)
    await shop.service.cancel(owner, page.tasks[0].id)
    retries = [shop.service.retry(owner, page.tasks[0].id), shop.service.create(owner, "steps", {})]
    assert sorted(await asyncio.gather(*map(code_of, retries))) == ["limit_reached", "ok"]
    assert await code_of(shop.service.create(principal("bob"), "steps", {})) == "ok"


@pytest.mark.gen_test
async def test_the_same_idempotency_key_is_the_same_task(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    same = [shop.ask(owner, "x", idempotency_key="k1") for _ in range(8)]
    assert len(set(await asyncio.gather(*same))) == 1
    assert await code_of(shop.ask(owner, "other", idempotency_key="k1")) == "conflict"
    assert await shop.ask(principal("bob"), "x", idempotency_key="k1") != await shop.ask(owner, "x")
    for odd in ("", "x" * 129, "a b", "é"):
        assert await code_of(shop.ask(owner, idempotency_key=odd)) == "invalid_input"


@pytest.mark.gen_test
async def test_what_cannot_be_a_task_is_refused(database: Database) -> None:
    shop, member = Workshop(database), principal()
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    for kind, params, priority in [
        ("unknown", {}, 5),
        ("steps", {}, 6),
        ("steps", {}, -1),
        ("steps", {"x": 2**64}, 5),
        (EXTERNAL, {"x": deep}, 5),
    ]:
        assert await code_of(shop.service.create(member, kind, params, priority)) == "invalid_input"
    operator = principal("chief", Role.OPERATOR)
    assert await code_of(shop.service.create(operator, "steps", {}, 9)) == "ok"
    assert await code_of(shop.service.create(operator, "steps", {}, 10)) == "invalid_input"


@pytest.mark.gen_test
async def test_params_are_kept_as_they_are_whatever_the_database_means_by_them(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    odd = {"$where": "$state", "a.b": {"\0": 2**63 - 1}, "": [None, 1.5, "名"]}
    task = await shop.service.create(owner, EXTERNAL, odd)
    assert task.params == odd
    assert (await shop.service.find(owner, task.id)).task.params == odd


@pytest.mark.gen_test
async def test_pages_and_filters(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    ids = [await shop.ask(owner, kind=kind) for kind in ("steps", EXTERNAL, "steps", EXTERNAL, "steps")]
    await shop.ask(principal("bob"))
    await shop.service.cancel(owner, ids[2])

    async def listed(
        state: TaskState | None = None, kind: str | None = None, before: str | None = None, limit: int = 10
    ) -> tuple[list[int], bool]:
        page = await shop.service.list(owner, state, kind, before, limit)
        return [ids.index(task.id) for task in page.tasks], page.has_more

    assert await listed() == ([4, 3, 2, 1, 0], False)
    assert await listed(limit=2) == ([4, 3], True)
    assert await listed(before=ids[3], limit=3) == ([2, 1, 0], False)
    assert await listed(kind=EXTERNAL) == ([3, 1], False)
    assert await listed(state=TaskState.CANCELLED) == ([2], False)
    assert await listed(state=TaskState.QUEUED, kind="steps") == ([4, 0], False)
    assert await code_of(shop.service.list(owner, None, None, "x", 1)) == "invalid_input"


@pytest.mark.gen_test
async def test_a_task_is_its_owners_and_the_operators(database: Database) -> None:
    shop, owner, stranger = Workshop(database), principal(), principal("mallory")
    task_id = await shop.ask(owner)
    for call in (shop.service.find, shop.service.cancel, shop.service.retry):
        assert await code_of(call(stranger, task_id)) == "not_found"
        assert await code_of(call(stranger, new_id())) == "not_found"
        assert await code_of(call(stranger, "x")) == "not_found"
    operator = principal("chief", Role.OPERATOR)
    assert (await shop.service.find(operator, task_id)).task.owner_id == owner.user_id
    assert (await shop.service.cancel(operator, task_id)).state is TaskState.CANCELLED


@pytest.mark.gen_test
async def test_a_task_is_cancelled_and_tried_again_without_a_look_at_the_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner)

    async def away(*_: object) -> object:
        raise RequestError(ErrorCode.UNAVAILABLE)

    monkeypatch.setattr(shop.tasks, "line", away)
    assert await code_of(shop.service.find(owner, task_id)) == "unavailable"
    assert await code_of(shop.service.cancel(owner, task_id)) == "ok"
    assert await code_of(shop.service.retry(owner, task_id)) == "ok"


@pytest.mark.gen_test
async def test_a_late_watcher_is_told_the_present_attempt(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner)
    await shop.service.cancel(owner, task_id)
    await shop.service.retry(owner, task_id)
    record = await shop.service.find(owner, task_id)
    assert [event.seq for event in events_of_attempt(record, None)] == [3]
    assert [event.seq for event in events_of_attempt(record, 0)] == [3]
    assert [event.seq for event in events_of_attempt(record, 99)] == [3]
    assert [event.kind for event in record.events] == ["progress", "error", "progress"]


@pytest.mark.gen_test
async def test_an_ended_task_expires(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner)
    assert "expires_at" not in (await shop.collection.find_one({"_id": task_id}) or {})
    await shop.service.cancel(owner, task_id)
    document = await shop.collection.find_one({"_id": task_id})
    assert document is not None
    assert (document["expires_at"] - shop.clock.now()).days == 30
    await shop.service.retry(owner, task_id)
    assert "expires_at" not in (await shop.collection.find_one({"_id": task_id}) or {})


@pytest.mark.gen_test
async def test_who_waits_is_told_how_many_come_before(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    mine = await shop.ask(owner)

    async def ahead() -> object:
        [listed] = [task for task in (await shop.service.list(owner, None, None, None, 9)).tasks if task.id == mine]
        assert (await shop.service.find(owner, mine)).task.ahead == listed.ahead
        return listed.ahead

    assert await ahead() == 0
    shop.clock.advance(1)
    urgent = await shop.ask(principal("chief", Role.OPERATOR), priority=9)
    await shop.ask(principal("bob"))
    await shop.ask(principal("bob"), kind=EXTERNAL)
    assert await ahead() == 1
    training = [await shop.ask(owner, kind=kind) for kind in (EXTERNAL, "backtest")]
    assert [(await shop.service.find(owner, one)).task.ahead for one in training] == [1, 0]
    await shop.service.cancel(principal("chief", Role.OPERATOR), urgent)
    assert await ahead() == 0
    await shop.service.cancel(owner, mine)
    assert await ahead() is UNSET


@pytest.mark.gen_test
async def test_a_full_queue_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.services.tasks.MAX_QUEUED", 3)
    shop = Workshop(database)
    for _ in range(3):
        await shop.ask(principal())
    assert await code_of(shop.ask(principal())) == "unavailable"
    assert await code_of(shop.ask(principal(), kind=EXTERNAL)) == "ok"
