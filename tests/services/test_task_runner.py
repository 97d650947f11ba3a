"""The queue and its two threads: how many, in which order, until when, and what a crash leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from tornado.ioloop import IOLoop

from server.domain.tasks import TaskState, Worker
from server.domain.users import Role
from server.errors import ErrorCode, RequestError
from server.product_readings import task_readings
from server.services.task_runner import LEASE_SECONDS
from server.storage.documents import Database
from tests.support.leftovers import ErrorLog
from tests.support.tasks import EXTERNAL, Workshop, code_of, principal


@pytest.fixture
def shop(io_loop: IOLoop, database: Database) -> Iterator[Workshop]:
    """A workshop that runs."""

    async def start() -> Workshop:
        shop = Workshop(database)
        await shop.runner.start()
        return shop

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    started.kind.step(100)
    io_loop.run_sync(started.runner.stop)


@asynccontextmanager
async def running(shop: Workshop) -> AsyncIterator[Workshop]:
    await shop.runner.start()
    try:
        yield shop
    finally:
        shop.kind.step(100)
        await shop.runner.stop()


@pytest.mark.gen_test
async def test_a_task_goes_through_its_steps(shop: Workshop) -> None:
    task_id = await shop.ask(principal(), "one")
    shop.kind.step(3)
    events = await shop.told(task_id, 4)
    assert [(event["type"], event["data"]["step"], event["data"]["progress"]) for event in events] == [
        ("progress", 1, 33.3),
        ("progress", 2, 66.7),
        ("progress", 3, 100.0),
        ("completed", 3, 100.0),
    ]
    assert [event["data"]["seq"] for event in events] == [2, 3, 4, 5]
    assert events[-1]["data"]["result"]["name"] == "one"
    assert events[-1]["data"]["result"]["thread"].startswith("task")
    record = await shop.stored(task_id)
    assert (record.task.state, record.task.attempts) == (TaskState.COMPLETED, 1)
    assert record.task.result == events[-1]["data"]["result"]
    assert [event.seq for event in record.events] == [1, 2, 3, 4, 5]
    assert len(shop.journal) == 0


@pytest.mark.gen_test
async def test_what_is_open_is_counted_by_state_and_worker_over_all_processes(database: Database) -> None:
    shop, other = Workshop(database, workers=1), Workshop(database, is_alone=False)
    for kind in ("steps", "steps", "steps", EXTERNAL, EXTERNAL):
        await shop.ask(principal(), kind=kind)
    await shop.workers.claim([EXTERNAL])
    async with running(shop):
        await shop.begun()
        await shop.pass_time(1)
        await other.pass_time(1)
        for runner in (shop.runner, other.runner):
            assert runner.counts == {
                (TaskState.QUEUED, Worker.BUILT_IN): 2,
                (TaskState.RUNNING, Worker.BUILT_IN): 1,
                (TaskState.QUEUED, Worker.EXTERNAL): 1,
                (TaskState.RUNNING, Worker.EXTERNAL): 1,
            }
        figures = {reading.name: reading.read() for reading in task_readings(shop.runner)}
        assert list(figures.values()) == [2, 1, 1, 1]


@pytest.mark.gen_test
async def test_no_more_run_than_there_are_workers(shop: Workshop) -> None:
    ids = [await shop.ask(principal(), str(number)) for number in range(5)]
    assert {await shop.begun(), await shop.begun()} == {"0", "1"}
    shop.kind.step(15)
    for task_id in ids:
        await shop.told(task_id, 1, "completed")
    assert shop.kind.most_running == 2


@pytest.mark.gen_test
async def test_the_higher_priority_first_and_else_who_came_first(database: Database) -> None:
    shop = Workshop(database, workers=1)
    member, operator = principal(), principal("chief", Role.OPERATOR)
    for name, priority in (("a", 3), ("b", 5), ("c", 3), ("d", 5)):
        await shop.ask(member, name, priority=priority)
    await shop.ask(operator, "e", priority=9)
    async with running(shop):
        shop.kind.step(15)
        assert [await shop.begun() for _ in range(5)] == ["e", "b", "d", "a", "c"]


@pytest.mark.gen_test
async def test_a_running_task_is_cancelled_between_steps(shop: Workshop) -> None:
    owner = principal()
    task_id = await shop.ask(owner)
    await shop.begun()
    shop.kind.step()
    await shop.told(task_id)
    cancelled = await shop.service.cancel(owner, task_id)
    assert (cancelled.state, cancelled.error) == (TaskState.CANCELLED, "cancelled")
    last = (await shop.told(task_id, 1, "error"))[-1]
    assert (last["data"]["error"], last["data"]["step"], last["data"]["seq"]) == ("cancelled", 1, 3)
    other = await shop.ask(owner, "other")
    assert await shop.begun() == "other"
    shop.kind.step(3)
    await shop.told(other, 1, "completed")
    assert (await shop.stored(task_id)).task.state is TaskState.CANCELLED
    assert len(await shop.told(task_id)) == 2


@pytest.mark.gen_test
async def test_a_waiting_task_is_cancelled_and_never_runs(database: Database) -> None:
    shop = Workshop(database)
    owner = principal()
    task_id = await shop.ask(owner, "never")
    await shop.service.cancel(owner, task_id)
    await shop.ask(owner, "next")
    async with running(shop):
        assert await shop.begun() == "next"
    assert await code_of(shop.service.cancel(owner, task_id)) == "conflict"


@pytest.mark.gen_test
async def test_what_takes_too_long_is_ended(shop: Workshop) -> None:
    task_id = await shop.ask(principal())
    await shop.begun()
    await shop.pass_time(59.0)
    assert (await shop.stored(task_id)).task.state is TaskState.RUNNING
    await shop.pass_time(1.0)
    assert (await shop.told(task_id, 1, "error"))[-1]["data"]["error"] == "timeout"
    assert (await shop.stored(task_id)).task.error == "timeout"


@pytest.mark.gen_test
async def test_a_failure_is_told_and_ours_is_hidden(shop: Workshop, logged_errors: ErrorLog) -> None:
    told = await shop.ask(principal(), params={"fails": "told"})
    odd = await shop.ask(principal(), params={"fails": "oddly"})
    shop.kind.step(2)
    [event] = await shop.told(told, 1)
    assert (event["data"]["error"], event["data"]["message"]) == ("no_data", "nothing there")
    [event] = await shop.told(odd, 1)
    assert (event["data"]["error"], event["data"]["message"]) == ("internal", "tasks.internal")
    assert len(logged_errors.pop_all()) == 1


@pytest.mark.gen_test
async def test_what_failed_is_tried_again_with_the_same_id(shop: Workshop) -> None:
    owner = principal()
    task_id = await shop.ask(owner)
    await shop.begun()
    assert await code_of(shop.service.retry(owner, task_id)) == "conflict"
    await shop.service.cancel(owner, task_id)
    again = await shop.service.retry(owner, task_id)
    assert (again.id, again.attempts, again.state) == (task_id, 2, TaskState.QUEUED)
    await shop.begun()
    shop.kind.step(3)
    await shop.told(task_id, 1, "completed")
    record = await shop.service.find(owner, task_id)
    assert (record.task.state, record.task.attempts) == (TaskState.COMPLETED, 2)
    assert [event.attempt for event in record.events] == [1, 1, 2, 2, 2, 2, 2]
    assert [event.seq for event in record.events] == list(range(1, 8))


@pytest.mark.gen_test
async def test_an_orderly_stop_lets_the_last_step_end_or_says_interrupted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.task_runner.STOP_SECONDS", 0.05)
    shop = Workshop(database)
    await shop.runner.start()
    task_id = await shop.ask(principal())
    waiting = [await shop.ask(principal()) for _ in range(2)][-1]
    await shop.begun()
    await shop.begun()
    shop.kind.step()
    await shop.runner.stop()
    record = await shop.stored(task_id)
    assert (record.task.state, record.task.error) == (TaskState.ERROR, "interrupted")
    assert (await shop.stored(waiting)).task.state is TaskState.QUEUED
    assert record.events[-1].kind == "error"


@pytest.mark.gen_test
async def test_what_a_crash_left_running_is_interrupted_and_what_waits_still_runs(database: Database) -> None:
    dead, next_one = Workshop(database), Workshop(database)
    task_id = await dead.ask(principal(), "left")
    taken = await dead.tasks.claim(Worker.BUILT_IN, ["steps"], "dead", dead.clock.now(), dead.clock.now())
    assert taken is not None
    await next_one.ask(principal(), "waiting")
    async with running(next_one):
        assert await next_one.begun() == "waiting"
        record = await next_one.stored(task_id)
        assert (record.task.state, record.task.error) == (TaskState.ERROR, "interrupted")
        assert [event["data"]["error"] for event in await next_one.told(task_id)] == ["interrupted"]


@pytest.mark.gen_test
async def test_two_processes_never_run_the_same_task_and_one_finds_what_the_other_left(database: Database) -> None:
    one = Workshop(database, is_alone=False)
    other = Workshop(database, one.clock, is_alone=False)
    async with running(one), running(other):
        ids = [await one.ask(principal(), str(number)) for number in range(4)]
        other.runner.wake()
        begun = [await one.begun(), await one.begun(), await other.begun(), await other.begun()]
        assert sorted(begun) == ["0", "1", "2", "3"]
        await one.pass_time(LEASE_SECONDS / 2)  # renews its leases; the other one does not
        one.clock.advance(LEASE_SECONDS * 0.75)
        await one.runner._renew()
        await one.pass_time(1.0)
        states = [(await one.stored(task_id)).task for task_id in ids]
        ended = [task for task in states if task.state is TaskState.ERROR]
        assert [task.error for task in ended] == ["interrupted"] * 2
        assert {task.params["name"] for task in ended} == set(begun[2:])
        await other.runner._renew()  # it learns that it lost them
        async with asyncio.timeout(30):
            while other.runner.running:
                await asyncio.sleep(0)
        assert one.runner.running == 2


@pytest.mark.gen_test
async def test_a_database_that_is_away_at_the_end_is_waited_for(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.task_runner.RETRY_SECONDS", 0.001)
    end, failures = shop.tasks.end, [1, 2]

    async def sometimes(*args: object, **kwargs: object) -> object:
        if failures:
            failures.pop()
            raise RequestError(ErrorCode.UNAVAILABLE)
        return await end(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.tasks, "end", sometimes)
    task_id = await shop.ask(principal())
    shop.kind.step(3)
    await shop.told(task_id, 1, "completed")
    assert not failures
    assert (await shop.stored(task_id)).task.state is TaskState.COMPLETED


@pytest.mark.gen_test
async def test_a_queue_that_could_not_be_asked_is_asked_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Workshop(database)
    claim, failures = shop.tasks.claim, [OSError()]

    async def sometimes(*args: object) -> object:
        if failures:
            raise failures.pop()
        return await claim(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.tasks, "claim", sometimes)
    await shop.ask(principal(), "late")
    async with running(shop):
        async with asyncio.timeout(30):
            while failures:
                await asyncio.sleep(0)
        await shop.pass_time(1.0)
        assert await shop.begun() == "late"
