from __future__ import annotations

from typing import Any

import pytest

from tests.support.product_server import ProductServer

PATH = "/api/notifications"


async def send(server: ProductServer, operator: Any, **body: Any) -> Any:
    return await server.call("POST", PATH, {"type": "system", **body}, token=operator["access_token"])


@pytest.mark.gen_test
async def test_an_operator_sends_and_members_read(server: ProductServer) -> None:
    operator, alice, bob = await server.operator(), await server.register("alice"), await server.register("bob")
    ids = [alice["user"]["id"], bob["user"]["id"]]
    answer = await send(server, operator, user_id=ids[0], title="one", content="text", link="/", source="me")
    assert (answer.status, answer.data) == (201, {"notified": 1})
    assert (await send(server, operator, user_ids=[*ids, ids[0]], title="two", type="other")).data == {"notified": 2}
    token = alice["access_token"]
    page = (await server.call("GET", PATH, token=token)).data
    kept = server.community.notifications.retention.total_seconds()
    assert (page["has_more"], page["retention_seconds"]) == (False, kept)
    assert [one["title"] for one in page["notifications"]] == ["two", "one"]
    newest, oldest = page["notifications"]
    assert oldest.keys() == {"id", "title", "content", "type", "link", "source", "created_at", "status"}
    assert (await server.call("GET", f"{PATH}/unread_count", token=token)).data == {"count": 2}
    assert (await server.call("POST", f"{PATH}/{oldest['id']}/read", token=token)).status == 200
    for query, titles in (
        ("?status=unread", ["two"]),
        ("?status=read", ["one"]),
        ("?type=system", ["one"]),
        ("?type=system&status=unread", []),
        (f"?before={newest['id']}", ["one"]),
        (f"?before={oldest['id']}", []),
    ):
        found = (await server.call("GET", PATH + query, token=token)).data
        assert [one["title"] for one in found["notifications"]] == titles, query
    first = (await server.call("GET", f"{PATH}?limit=1", token=token)).data
    assert ([one["title"] for one in first["notifications"]], first["has_more"]) == (["two"], True)
    for query in ("?before=x", "?status=odd", "?limit=0", "?limit=x"):
        assert (await server.call("GET", PATH + query, token=token)).status == 400, query


@pytest.mark.gen_test
async def test_everyone_is_notified_by_a_job_that_can_be_asked(server: ProductServer) -> None:
    operator, alice = await server.operator(), await server.register("alice")
    answer = await send(server, operator, all=True, title="to all")
    assert answer.status == 202
    job_id = answer.data["job_id"]
    assert answer.data == {"job_id": job_id, "total": 2, "done": 0, "notified": 0, "state": "running"}
    await server.community.notification_jobs.settle()
    asked = await server.call("GET", f"{PATH}/jobs/{job_id}", token=operator["access_token"])
    assert asked.data == {"job_id": job_id, "total": 2, "done": 2, "notified": 2, "state": "done"}
    assert (await server.call("GET", f"{PATH}/unread_count", token=alice["access_token"])).data == {"count": 1}
    for other in ("f" * 24, "nonsense"):
        assert (await server.call("GET", f"{PATH}/jobs/{other}", token=operator["access_token"])).status == 404


@pytest.mark.gen_test
async def test_whom_a_filter_means_is_notified_by_a_job(server: ProductServer) -> None:
    operator, alice = await server.operator(), await server.register("alice")
    wanted = {"role": "member", "username_prefix": "AL", "registered_after": "2020-01-01T00:00:00+08:00"}
    answer = await send(server, operator, filter=wanted, title="to some")
    assert answer.status == 202
    await server.community.notification_jobs.settle()
    asked = await server.call("GET", f"{PATH}/jobs/{answer.data['job_id']}", token=operator["access_token"])
    assert (asked.data["total"], asked.data["done"], asked.data["notified"]) == (2, 2, 1)
    assert (await server.call("GET", f"{PATH}/unread_count", token=alice["access_token"])).data == {"count": 1}
    entry = (await server.call("GET", "/api/audit", token=operator["access_token"])).data["entries"][0]
    assert (entry["action"], "alice" in str(entry), '"AL"' in entry["details"]["filter"]) == (
        "notification.send",
        False,
        True,
    )


@pytest.mark.gen_test
async def test_sending_is_for_operators_and_says_once_to_whom(server: ProductServer) -> None:
    operator, alice = await server.operator(), await server.register("alice")
    user_id = alice["user"]["id"]
    assert (await send(server, alice, user_id=user_id, title="x")).status == 403
    assert (await server.call("GET", "/api/ws/stats", token=alice["access_token"])).status == 403
    odd: tuple[dict[str, Any], ...] = (
        {},
        {"all": False},
        {"user_ids": []},
        {"user_ids": ["x"] * 1001},
        {"user_id": user_id, "all": True},
        {"user_id": user_id, "user_ids": [user_id]},
        {"user_id": 1},
        {"filter": {}},
        {"filter": {"role": None}},
        {"filter": {"roles": "member"}},
        {"filter": {"role": "king"}},
        {"filter": {"registered_after": "2026-01-05T02:00:00"}},
        {"filter": {"registered_before": "0001-01-01T00:00:00+14:00"}},
        {"filter": {"username_prefix": ""}},
        {"filter": {"role": "member"}, "all": True},
    )
    for receivers in odd:
        assert (await send(server, operator, title="x", **receivers)).status == 400, receivers
    assert (await send(server, operator, all=True, title="")).status == 400
    assert await server.community.database["notifications"].count_documents({}) == 0
    assert await server.community.database["notification_jobs"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_preferences_are_kept_as_they_are_put(server: ProductServer) -> None:
    alice = await server.register("alice")
    token, path = alice["access_token"], f"{PATH}/preferences"
    assert (await server.call("GET", path, token=token)).data == {"muted_types": [], "quiet_hours": None}
    wanted = {"muted_types": ["message"], "quiet_hours": {"from": "22:00", "to": "07:30", "zone": "+08:00"}}
    assert (await server.call("PUT", path, wanted, token=token)).data == wanted
    assert (await server.call("GET", path, token=token)).data == wanted
    for odd in (
        {"muted_types": "x"},
        {"quiet_hours": {"from": "22:00"}},
        {"quiet_hours": {"from": 1, "to": 2, "zone": 3}},
    ):
        assert (await server.call("PUT", path, odd, token=token)).status == 400, odd
    assert (await server.call("PUT", path, {}, token=token)).data == {"muted_types": [], "quiet_hours": None}


@pytest.mark.gen_test
async def test_socketio_asks_for_what_it_missed_and_marks(server: ProductServer) -> None:
    operator, alice = await server.operator(), await server.register("alice")
    chat = await server.chat(alice)
    for number in range(3):
        await send(server, operator, user_id=alice["user"]["id"], title=f"{number}")
    heard: list[str] = []
    while len(heard) < 3:
        name, payload = await chat.events.get()
        heard += [payload["id"]] if name == "notification" else []
    missed = await chat.ask("resume_notifications", {"after": heard[0]})
    assert [one["id"] for one in missed["notifications"]] == heard[1:]
    assert missed["has_more"] is False
    assert (await chat.ask("resume_notifications", {"after": "x"}))["error"]["code"] == "invalid_input"
    marked = await chat.ask("mark_notifications_read", {"ids": [heard[0], "f" * 24, "x"]})
    assert marked == {"ok": True, "ids": [heard[0]]}


@pytest.mark.gen_test
async def test_a_service_key_with_the_scope_sends_and_reads_nothing(server: ProductServer) -> None:
    operator, alice = await server.operator(), await server.register("alice")
    keys = {}
    for scope in ("notifications", "prices"):
        body = {"name": scope, "scopes": [scope]}
        made = await server.call("POST", "/api/service_keys", body, token=operator["access_token"])
        keys[scope] = {"access_token": made.data["key"]}
    sent = await send(server, keys["notifications"], user_id=alice["user"]["id"], title="from a worker")
    assert (sent.status, sent.data) == (201, {"notified": 1})
    assert (await send(server, keys["prices"], user_id=alice["user"]["id"], title="x")).status == 403
    assert (await server.call("GET", PATH, token=keys["notifications"]["access_token"])).status == 401
    assert await server.community.database["notifications"].count_documents({}) == 1
