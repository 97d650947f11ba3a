from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.product_server import ProductServer

ANALYSIS = {"type": "analysis", "symbol": "600519"}


async def ask(server: ProductServer, token: str, body: Any = None, **headers: str) -> str:
    """Create a task; return its id."""
    answer = await server.call("POST", "/api/tasks", body or ANALYSIS, token, headers)
    assert answer.status == 202, answer.json
    return str(answer.data["task_id"])


@pytest.mark.gen_test
async def test_an_analysis_is_done_and_its_report_is_kept(server: ProductServer) -> None:
    token = (await server.register("alice"))["access_token"]
    task_id = await ask(server, token, {**ANALYSIS, "days": 120})
    waiting = (await server.call("GET", f"/api/tasks/{task_id}", token=token)).data
    assert (waiting["state"], waiting["params"]) == ("queued", {"symbol": "600519.SH", "days": 120})
    client = await server.chat({"access_token": token})
    assert (await client.ask("watch_task", {"task_id": task_id}))["events"][0]["data"]["step"] == 0
    await server.community.task_parts.runner.start()
    events = [await client.next("task_progress") for _ in range(6)]
    assert [event["data"]["step"] for event in events] == [1, 2, 3, 4, 5, 5]
    assert [event["data"]["progress"] for event in events] == [20.0, 40.0, 60.0, 80.0, 100.0, 100.0]
    assert [event["type"] for event in events] == [*["progress"] * 5, "completed"]
    task = (await server.call("GET", f"/api/v1/tasks/{task_id}", token=token)).data
    assert (task["state"], task["progress"], task["step"], task["total_steps"]) == ("completed", 100.0, 5, 5)
    assert task["result"] == events[-1]["data"]["result"]
    assert task["result"]["code"] == "600519"
    assert len(task["result"]["series"]["close"]) == 120
    history = (await server.call("GET", f"/api/tasks/{task_id}/progress", token=token)).data["events"]
    assert [event["data"]["seq"] for event in history] == list(range(1, 8))
    assert [event["data"]["text"]["key"] for event in history] == [
        "tasks.queued",
        *(f"tasks.analysis.{step}" for step in ("bars", "indicators", "signals", "risk", "report")),
        "tasks.completed",
    ]
    assert history[1]["data"]["text"]["values"] == {"count": 120}
    assert (waiting["text"]["key"], task["text"]["key"], waiting["ahead"]) == ("tasks.queued", "tasks.completed", 0)
    assert "ahead" not in task
    assert "result" not in history[-1]["data"]
    listed = (await server.call("GET", "/api/tasks?state=completed&type=analysis", token=token)).data
    assert [task["id"] for task in listed["tasks"]] == [task_id]
    assert "result" not in listed["tasks"][0]
    assert listed["tasks"][0]["params"]["symbol"] == "600519.SH"


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "type"),
        ({"type": "astrology"}, "analysis, backtest, training"),
        ({"type": "analysis"}, "symbol"),
        ({"type": "analysis", "symbol": "999999"}, "unknown stock '999999'"),
        ({"type": "analysis", "symbol": {"$ne": 1}}, "symbol"),
        ({**ANALYSIS, "days": 5}, "days"),
        ({**ANALYSIS, "priority": 6}, "0 to 5"),
        ({**ANALYSIS, "priority": 2**70}, "priority"),
        ({**ANALYSIS, "else": 1}, "else"),
        ([1], "object"),
    ],
)
async def test_what_is_no_task_is_refused_with_the_reason(server: ProductServer, body: Any, words: str) -> None:
    token = (await server.register("alice"))["access_token"]
    answer = await server.call("POST", "/api/tasks", body, token)
    assert (answer.status, answer.data["error"]) == (400, "invalid_input")
    assert words in answer.json["message"]


@pytest.mark.gen_test
async def test_an_idempotency_key_makes_one_task(server: ProductServer) -> None:
    token = (await server.register("alice"))["access_token"]
    key = {"Idempotency-Key": "once"}
    assert await ask(server, token, **key) == await ask(server, token, **key)
    answer = await server.call("POST", "/api/tasks", {"type": "training"}, token, key)
    assert (answer.status, answer.data["error"]) == (409, "conflict")


@pytest.mark.gen_test
async def test_cancel_and_retry(server: ProductServer) -> None:
    token = (await server.register("alice"))["access_token"]
    task_id = await ask(server, token)
    cancelled = await server.call("DELETE", f"/api/tasks/{task_id}", token=token)
    assert (cancelled.data["state"], cancelled.data["error"]) == ("cancelled", "cancelled")
    assert (await server.call("DELETE", f"/api/tasks/{task_id}", token=token)).status == 409
    again = await server.call("POST", f"/api/tasks/{task_id}/retry", token=token)
    assert (again.status, again.data) == (202, {"task_id": task_id, "attempts": 2})
    assert (await server.call("POST", f"/api/tasks/{task_id}/retry", token=token)).status == 409


@pytest.mark.gen_test
async def test_a_worker_outside_takes_reports_and_completes(server: ProductServer) -> None:
    alice = (await server.register("alice"))["access_token"]
    worker = (await server.operator())["access_token"]
    task_id = await ask(server, alice, {"type": "training", "epochs": 3})
    taken = (await server.call("POST", "/api/tasks/claim", {"types": ["training"]}, worker)).data["task"]
    assert (taken["id"], taken["params"], taken["attempts"]) == (task_id, {"epochs": 3}, 1)
    assert (await server.call("POST", "/api/tasks/claim", {}, worker)).data == {"task": None}
    report = {"message": "epoch 1", "step": 1, "total_steps": 3, "progress": 33.333, "attempt": 1}
    path = f"/api/tasks/{task_id}"
    assert (await server.call("POST", f"{path}/progress", report, worker)).status == 200
    seen = (await server.call("GET", path, token=alice)).data
    assert (seen["state"], seen["step"], seen["progress"], seen["message"]) == ("running", 1, 33.33, "epoch 1")
    done = await server.call("POST", f"{path}/complete", {"result": {"loss": 0.1}}, worker)
    assert done.data == {"task_id": task_id, "state": "completed"}
    assert (await server.call("GET", path, token=alice)).data["result"] == {"loss": 0.1}
    assert (await server.call("POST", f"{path}/progress", report, worker)).status == 409
    for body in ({"progress": 101}, {"step": 4, "total_steps": 3}, {"message": "x" * 501}, {"attempt": 0}):
        assert (await server.call("POST", f"{path}/progress", body, worker)).status == 400
    assert (await server.call("POST", f"{path}/fail", {"error": "No Slug"}, worker)).status == 400
    big = json.dumps({"result": "x" * (1 << 20)}).encode()
    assert (await server.call("POST", f"{path}/complete", big, worker)).status in {400, 413}


@pytest.mark.gen_test
async def test_who_reports_without_the_right_to_is_refused(server: ProductServer) -> None:
    alice = (await server.register("alice"))["access_token"]
    task_id = await ask(server, alice, {"type": "training"})
    for word in ("progress", "complete", "fail"):
        assert (await server.call("POST", f"/api/tasks/{task_id}/{word}", {}, alice)).status == 403
    assert (await server.call("GET", f"/api/tasks/{task_id}", token=alice)).data["state"] == "queued"
