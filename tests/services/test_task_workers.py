"""Workers outside: what they report, what becomes of their tasks when they do not, and how often that is written."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from server.domain.tasks import MAX_HISTORY, Message, Stage, TaskState
from server.storage.documents import Database
from server.storage.task_documents import SEQ_GAP
from tests.support.tasks import EXTERNAL, Workshop, code_of, principal


def stage(step: int, progress: float = 0.0) -> Stage:
    return Stage(step, 5, progress, Message(f"step {step}"))


def count_writes(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of events of each write."""
    writes: list[int] = []
    write = shop.tasks.write_events

    async def counted(task_id: str, attempt: int, events: Any, alive_until: Any) -> bool:
        writes.append(len(events))
        return await write(task_id, attempt, events, alive_until)

    monkeypatch.setattr(shop.tasks, "write_events", counted)
    return writes


@pytest.mark.gen_test
async def test_the_first_word_of_a_worker_lets_its_task_run(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner, kind=EXTERNAL)
    await shop.workers.progress(task_id, stage(1, 20.0), None)
    await shop.settle()
    task = (await shop.stored(task_id)).task
    assert (task.state, task.step, task.progress) == (TaskState.RUNNING, 1, 20.0)
    assert (task.message, task.text) == ("step 1", UNSET)  # in its own words, no longer in the product's
    await shop.workers.complete(task_id, {"loss": 0.5}, "trained", 1)
    last = (await shop.told(task_id))[-1]
    assert (last["type"], last["data"]["result"], last["data"]["message"]) == ("completed", {"loss": 0.5}, "trained")
    assert (await shop.workers.complete(task_id, {"loss": 0.5}, None, 1)).state is TaskState.COMPLETED
    assert await code_of(shop.workers.fail(task_id, None, None, None)) == "conflict"
    assert await code_of(shop.workers.progress(task_id, stage(2), None)) == "conflict"


@pytest.mark.gen_test
async def test_a_worker_takes_the_next_task_of_its_types(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    await shop.ask(owner)
    low = await shop.ask(owner, kind=EXTERNAL, priority=1)
    high = await shop.ask(owner, kind=EXTERNAL, priority=5)
    taken = [await shop.workers.claim([]), await shop.workers.claim([EXTERNAL]), await shop.workers.claim([])]
    assert [task.id if task else None for task in taken] == [high, low, None]
    assert await code_of(shop.workers.claim(["steps"])) == "invalid_input"


@pytest.mark.gen_test
async def test_built_in_tasks_are_not_for_workers_outside(database: Database) -> None:
    shop = Workshop(database)
    task_id = await shop.ask(principal())
    for call in (
        shop.workers.progress(task_id, stage(1), None),
        shop.workers.complete(task_id, None, None, None),
        shop.workers.fail("x", None, None, None),
    ):
        assert await code_of(call) == "not_found"


@pytest.mark.gen_test
async def test_a_worker_that_falls_silent_loses_its_task(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner, kind=EXTERNAL)
    await shop.workers.progress(task_id, stage(1), None)
    await shop.settle()
    await shop.pass_time(40.0)
    await shop.workers.progress(task_id, stage(1), None)
    await shop.settle()
    await shop.pass_time(59.0)
    assert (await shop.stored(task_id)).task.state is TaskState.RUNNING
    await shop.pass_time(2.0)
    assert (await shop.told(task_id, 1, "error"))[-1]["data"]["error"] == "lost"
    assert (await shop.stored(task_id)).task.error == "lost"
    assert await code_of(shop.workers.progress(task_id, stage(2), None)) == "conflict"


@pytest.mark.gen_test
async def test_a_worker_of_an_earlier_attempt_is_told_so(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner, kind=EXTERNAL)
    await shop.workers.progress(task_id, stage(1), 1)
    await shop.service.cancel(owner, task_id)
    await shop.service.retry(owner, task_id)
    await shop.workers.progress(task_id, stage(1), None)
    assert await code_of(shop.workers.progress(task_id, stage(2), 1)) == "conflict"
    assert await code_of(shop.workers.complete(task_id, None, None, 1)) == "conflict"
    assert await code_of(shop.workers.complete(task_id, None, None, 2)) == "ok"


@pytest.mark.gen_test
async def test_progress_is_told_at_once_and_written_once_a_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, owner = Workshop(database), principal()
    writes = count_writes(shop, monkeypatch)
    task_id = await shop.ask(owner, kind=EXTERNAL)
    for number in range(50):
        await shop.workers.progress(task_id, stage(1, number), None)
    assert len(await shop.told(task_id)) == 50
    await shop.settle()
    assert len(writes) <= 2
    assert [event.seq for event in (await shop.service.find(owner, task_id)).events] == list(range(1, 52))
    await shop.pass_time(1.0)
    assert sum(writes) == 50
    before = len(writes)
    await shop.workers.progress(task_id, stage(2), None)
    await shop.settle()
    assert len(writes) == before + 1  # a new step is written at once
    await shop.workers.progress(task_id, stage(2, 1.0), None)
    await shop.workers.fail(task_id, "out_of_memory", "no room", None)
    record = await shop.stored(task_id)
    assert [event.seq for event in record.events] == list(range(1, 55))
    assert (record.events[-1].error, record.events[-1].progress) == ("out_of_memory", 1.0)


@pytest.mark.gen_test
async def test_a_write_that_fails_is_done_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner, kind=EXTERNAL)
    await shop.workers.progress(task_id, stage(1), None)
    await shop.settle()
    write = shop.tasks.write_events

    async def fail(*_: Any) -> bool:
        raise OSError

    monkeypatch.setattr(shop.tasks, "write_events", fail)
    await shop.workers.progress(task_id, stage(2), None)
    await shop.settle()
    assert (await shop.stored(task_id)).task.step == 1
    monkeypatch.setattr(shop.tasks, "write_events", write)
    await shop.pass_time(1.0)
    assert [event.seq for event in (await shop.stored(task_id)).events] == [1, 2, 3]


@pytest.mark.gen_test
async def test_the_history_is_bounded(database: Database) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner, kind=EXTERNAL)
    for number in range(MAX_HISTORY + 50):
        await shop.workers.progress(task_id, stage(1, number % 100), None)
    await shop.settle()
    await shop.pass_time(1.0)
    await shop.workers.complete(task_id, None, None, None)
    for record in (await shop.stored(task_id), await shop.service.find(owner, task_id)):
        seqs = [event.seq for event in record.events]
        assert seqs == list(range(seqs[-1] - MAX_HISTORY + 1, seqs[-1] + 1))
        assert seqs[-1] == MAX_HISTORY + 52


@pytest.mark.gen_test
async def test_who_ends_a_task_that_reports_elsewhere_leaves_room_for_what_was_told_there(database: Database) -> None:
    here = Workshop(database)
    elsewhere, owner = Workshop(database, here.clock), principal()
    task_id = await here.ask(owner, kind=EXTERNAL)
    for number in range(3):
        await here.workers.progress(task_id, stage(1, number), None)
    await here.settle()
    stored = (await here.stored(task_id)).task.seq
    await elsewhere.service.cancel(owner, task_id)
    assert (await elsewhere.told(task_id))[-1]["data"]["seq"] == stored + SEQ_GAP
    await here.pass_time(1.0)
    await here.workers.progress(task_id, stage(2), None) if len(here.journal) else None
    await here.settle()
    assert len(here.journal) == 0
    assert await code_of(here.workers.progress(task_id, stage(3), None)) == "conflict"


@pytest.mark.gen_test
async def test_a_sign_of_life_that_is_not_stored_yet_counts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, owner = Workshop(database), principal()
    task_id = await shop.ask(owner, kind=EXTERNAL)
    await shop.workers.progress(task_id, stage(1), None)
    await shop.settle()
    write = shop.tasks.write_events

    async def fail(*_: Any) -> bool:
        raise OSError

    monkeypatch.setattr(shop.tasks, "write_events", fail)
    await shop.pass_time(59.0)
    await shop.workers.progress(task_id, stage(1, 50.0), None)
    await shop.settle()
    monkeypatch.setattr(shop.tasks, "write_events", write)
    await shop.pass_time(2.0)
    assert (await shop.stored(task_id)).task.state is TaskState.RUNNING
