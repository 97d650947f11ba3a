"""``ws /api/ws/tasks/<task_id>``: who may watch, and that a watcher is told everything once and in order."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from server.domain.tasks import Message, Stage
from server.protocol.websocket_frames import CloseCode, Opcode
from server.storage.documents import new_id
from tests.support.contract import OF_STREAMS
from tests.support.product_server import ProductServer
from tests.support.wire import WebSocketWire


async def member(server: ProductServer, name: str = "alice") -> str:
    return str((await server.register(name))["access_token"])


async def ask(server: ProductServer, token: str) -> str:
    """Create a task for a worker outside; return its id."""
    answer = await server.call("POST", "/api/tasks", {"type": "training"}, token)
    return str(answer.data["task_id"])


async def report(server: ProductServer, task_id: str, step: int, count: int = 1) -> None:
    for number in range(count):
        stage = Stage(step, 5, float(number), Message(f"step {step}"))
        await server.services.task_workers.progress(task_id, stage, None)


async def watch(server: ProductServer, task_id: str, token: str, query: str = "") -> WebSocketWire:
    return await WebSocketWire.connect(server.port, f"/api/ws/tasks/{task_id}?token={token}{query}")


async def event(wire: WebSocketWire) -> Any:
    message = json.loads(await wire.text())
    OF_STREAMS.check_stream("task", message)
    return message


async def close_code(wire: WebSocketWire) -> int:
    """Return the code of the next frame, which must be a close."""
    frame = await wire.frame()
    assert frame.opcode == Opcode.CLOSE, frame
    return int.from_bytes(frame.payload[:2], "big")


async def whole_stream(wire: WebSocketWire) -> list[Any]:
    """Return everything until the stream is closed as at an end."""
    events: list[Any] = []
    while True:
        frame = await wire.frame()
        if frame.opcode == Opcode.CLOSE:
            assert int.from_bytes(frame.payload[:2], "big") == CloseCode.NORMAL
            return events
        events.append(json.loads(frame.payload))
        OF_STREAMS.check_stream("task", events[-1])


@pytest.mark.gen_test
async def test_the_messages_are_those_of_the_contract(server: ProductServer) -> None:
    token = await member(server)
    task_id = await ask(server, token)
    wire = await watch(server, task_id, token)
    first = await event(wire)
    assert (first["type"], first["data"]["step"], first["data"]["seq"]) == ("progress", 0, 1)
    await server.services.task_workers.progress(task_id, Stage(1, 5, 20.0, Message("loading")), None)
    told = await event(wire)
    timestamp = told["data"].pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert told == {
        "type": "progress",
        "data": {
            "task_id": task_id,
            "message": "loading",
            "step": 1,
            "total_steps": 5,
            "progress": 20.0,
            "seq": 2,
            "attempt": 1,
        },
    }
    await server.services.task_workers.complete(task_id, {"x": [1]}, None, None)
    [last] = await whole_stream(wire)
    assert (last["type"], last["data"]["result"], last["data"]["progress"]) == ("completed", {"x": [1]}, 100.0)


@pytest.mark.gen_test
async def test_an_error_ends_the_stream_too_and_a_late_watcher_sees_it(server: ProductServer) -> None:
    token = await member(server)
    task_id = await ask(server, token)
    await report(server, task_id, 1, 3)
    wire = await watch(server, task_id, token)
    assert (await event(wire))["data"]["seq"] == 4
    await server.services.task_workers.fail(task_id, "oom", "no room", None)
    [last] = await whole_stream(wire)
    assert (last["type"], last["data"]["error"], last["data"]["message"]) == ("error", "oom", "no room")
    late = await whole_stream(await watch(server, task_id, token))
    assert late == [last]
    history = await whole_stream(await watch(server, task_id, token, "&after_seq=0"))
    assert [one["data"]["seq"] for one in history] == [1, 2, 3, 4, 5]
    rest = await whole_stream(await watch(server, task_id, token, "&after_seq=3"))
    assert rest == history[3:]
    for odd in ("-1", "x", "1e3", str(2**70)):
        assert await whole_stream(await watch(server, task_id, token, f"&after_seq={odd}")) == [last]


@pytest.mark.gen_test
async def test_watchers_who_come_in_the_midst_miss_nothing_and_see_nothing_twice(server: ProductServer) -> None:
    token = await member(server)
    task_id = await ask(server, token)

    async def work() -> None:
        for number in range(150):
            await report(server, task_id, 1 + number // 50)
            await asyncio.sleep(0)
        await server.services.task_workers.complete(task_id, None, None, None)

    async def follow(turns: int) -> list[int]:
        for _ in range(turns):
            await asyncio.sleep(0)
        events = await whole_stream(await watch(server, task_id, token, "&after_seq=0"))
        return [one["data"]["seq"] for one in events]

    _, *seen = await asyncio.gather(work(), *(follow(turns) for turns in range(0, 200, 10)))
    assert seen == [list(range(1, 153))] * 20


@pytest.mark.gen_test
async def test_who_may_not_watch_is_told_what_is_told_of_an_unknown_task(server: ProductServer) -> None:
    alice, mallory = await member(server), await member(server, "mallory")
    operator = (await server.operator())["access_token"]
    task_id = await ask(server, alice)
    for unseen in (task_id, new_id(), "x", "%00"):
        assert await close_code(await watch(server, unseen, mallory)) == 4404
    assert (await event(await watch(server, task_id, operator)))["data"]["task_id"] == task_id
    for token in ("", "nonsense", alice[:-2]):
        assert await close_code(await watch(server, task_id, token)) == 4401
    assert not server.runtime.hub.rooms().members(f"task:{new_id()}")
    assert len(server.runtime.hub.rooms().members(f"task:{task_id}")) == 1


@pytest.mark.gen_test
async def test_a_logout_and_an_expired_token_cut(timed_server: ProductServer) -> None:
    server = timed_server
    token = await member(server)
    task_id = await ask(server, token)
    cut, expired = await watch(server, task_id, token), None
    await event(cut)
    await server.call("POST", "/api/auth/logout", {}, token)
    assert await close_code(cut) == 4401
    answer = await server.call("POST", "/api/auth/login", {"username": "alice", "password": "correct horse"})
    expired = await watch(server, task_id, answer.data["access_token"])
    await event(expired)
    server.advance(1801)
    assert await close_code(expired) == 4401


@pytest.mark.gen_test
async def test_a_logout_while_the_stream_begins_cuts_it(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await member(server)
    task_id = await ask(server, token)
    find = server.services.tasks.find

    async def find_and_sign_out(*args: Any) -> Any:
        record = await find(*args)
        await server.call("POST", "/api/auth/logout", {}, token)
        return record

    monkeypatch.setattr(server.services.tasks, "find", find_and_sign_out)
    assert await close_code(await watch(server, task_id, token)) == 4401


@pytest.mark.gen_test
async def test_heartbeats_and_pings(timed_server: ProductServer) -> None:
    server = timed_server
    token = await member(server)
    wire = await watch(server, await ask(server, token), token)
    await event(wire)
    wire.send_text('{"type":"ping"}')
    assert (await event(wire))["type"] == "pong"
    for odd in ("", "[]", "{", '{"type":"x"}', "[" * 9000):
        wire.send_text(odd)
    wire.send_text('{"type":"ping"}')
    assert (await event(wire))["type"] == "pong"
    server.advance(31)
    beat = await event(wire)
    assert (beat["type"], list(beat["data"])) == ("heartbeat", ["timestamp"])
    assert (await wire.frame()).opcode == Opcode.PING


@pytest.mark.gen_test
async def test_a_foreign_origin_is_refused(server: ProductServer) -> None:
    token = await member(server)
    task_id = await ask(server, token)
    path = f"/api/ws/tasks/{task_id}?token={token}"
    plain = await server.fetch(path, headers={"Origin": "https://evil.example"})
    assert plain.code == 403
    assert (await server.fetch(path)).code == 426


@pytest.mark.gen_test
async def test_over_socketio_the_same_events(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    task_id = await ask(server, alice["access_token"])
    await report(server, task_id, 1, 3)
    mine, foreign = await server.chat(alice), await server.chat(bob)
    for unseen in (task_id, new_id(), "x"):
        assert (await foreign.ask("watch_task", {"task_id": unseen}))["error"]["code"] == "not_found"
    ack = await mine.ask("watch_task", {"task_id": task_id, "after_seq": 0})
    assert [one["data"]["seq"] for one in ack["events"]] == [1, 2, 3, 4]
    assert (ack["task"]["id"], ack["task"]["state"]) == (task_id, "running")
    assert [one["data"]["seq"] for one in (await mine.ask("watch_task", {"task_id": task_id}))["events"]] == [4]
    await report(server, task_id, 2)
    assert (await mine.next("task_progress"))["data"]["seq"] == 5
    await mine.ask("unwatch_task", {"task_id": task_id})
    await report(server, task_id, 2)
    await mine.ask("watch_task", {"task_id": task_id})
    await server.services.task_workers.complete(task_id, {"n": 1}, None, None)
    last = await mine.next("task_progress")
    assert (last["type"], last["data"]["seq"], last["data"]["result"]) == ("completed", 7, {"n": 1})
    assert foreign.events.empty()


@pytest.mark.gen_test
async def test_all_devices_of_its_owner_hear_of_a_task_that_waits(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    one, other, foreign = await server.chat(alice), await server.chat(alice), await server.chat(bob)
    task_id = await ask(server, alice["access_token"])
    for device in (one, other):
        told = (await device.next("task_queued"))["task"]
        assert (told["id"], told["state"], told["attempts"]) == (task_id, "queued", 1)
        assert "params" not in told  # what only a worker outside understands
    await server.call("DELETE", f"/api/tasks/{task_id}", token=alice["access_token"])
    await server.call("POST", f"/api/tasks/{task_id}/retry", token=alice["access_token"])
    assert (await other.next("task_queued"))["task"]["attempts"] == 2
    assert foreign.events.empty()


@pytest.mark.gen_test
async def test_the_ack_holds_what_came_while_it_was_asked(server: ProductServer) -> None:
    alice = await server.register("alice")
    task_id = await ask(server, alice["access_token"])
    client = await server.chat(alice)

    async def work() -> None:
        for _ in range(100):
            await report(server, task_id, 1)
            await asyncio.sleep(0)

    ack, _ = await asyncio.gather(client.ask("watch_task", {"task_id": task_id, "after_seq": 0}), work())
    seen = [one["data"]["seq"] for one in ack["events"]]
    while seen[-1] < 101:
        seen.append((await client.next("task_progress"))["data"]["seq"])
    assert seen == list(range(1, 102))
    assert client.order[0] == "ack"


@pytest.mark.gen_test
async def test_a_connection_watches_so_many_tasks_and_no_more(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.events.tasks.MAX_WATCHED", 2)
    alice = await server.register("alice")
    ids = [await ask(server, alice["access_token"]) for _ in range(3)]
    client = await server.chat(alice)
    acks = [await client.ask("watch_task", {"task_id": task_id}) for task_id in (*ids[:2], ids[0], ids[2])]
    assert [ack["ok"] for ack in acks] == [True, True, True, False]
    assert acks[-1]["error"]["code"] == "limit_reached"
    await client.ask("unwatch_task", {"task_id": ids[0]})
    assert (await client.ask("watch_task", {"task_id": ids[2]}))["ok"]
