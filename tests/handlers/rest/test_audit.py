"""The audit trail: every call by which operators change something leaves an entry, before it acts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec import UNSET

from handlers import routes
from server.auth.access import Access
from server.domain.audit import LOOPBACK
from server.errors import ErrorCode, RequestError
from server.services.audit import MAX_TEXT_CHARACTERS, AuditService
from server.services.moderation import ModerationService
from server.storage.documents import Database, new_id
from tests.support.community import open_community
from tests.support.product_server import ProductServer

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
UNKNOWN = "0" * 24
REST: tuple[tuple[str, Any], ...] = routes.REST
RETENTION_SECONDS = 365 * 86_400


def changing_calls() -> list[tuple[str, str, Any]]:
    """Return method, path and class of every call by which operators change something."""
    return [
        (method, re.sub(r"\(.*?\)", UNKNOWN, pattern), handler)
        for pattern, handler in REST
        if handler.access is Access.OPERATOR
        for method in sorted(CHANGING & set(handler.implemented_methods()))
    ]


async def entries(server: ProductServer, chief: Any, query: str = "") -> list[Any]:
    await server.community.audit.close()
    answer = await server.call("GET", f"/api/audit{query}", token=chief["access_token"])
    assert answer.status == 200, answer.json
    return list(answer.data["entries"])


@pytest.mark.gen_test
async def test_every_changing_call_of_operators_leaves_an_entry(server: ProductServer) -> None:
    chief = await server.operator()
    calls = changing_calls()
    assert {("POST", f"/users/{UNKNOWN}/ban"), ("POST", "/service_keys")} <= {call[:2] for call in calls}
    for method, path, handler in calls:
        answer = await server.call(method, f"/api{path}", {}, chief["access_token"])
        newest = (await entries(server, chief, "?limit=1"))[0]
        if handler.unaudited:
            assert newest["action"] not in handler.audited.values(), path
            continue
        assert newest["action"] == handler.audited[method], path
        assert newest["status"] == answer.status, path
        assert newest["actor"] == {"kind": "user", "id": chief["user"]["id"], "name": "chief"}
        assert newest["address"] == "127.0.0.1"


@pytest.mark.gen_test
async def test_who_is_refused_leaves_none(server: ProductServer, database: Database) -> None:
    alice = await server.register("alice")
    for token in (None, "nonsense", alice["access_token"]):
        for method, path, _ in changing_calls():
            assert (await server.call(method, f"/api{path}", {}, token)).status in {401, 403}
    assert await database["audit"].count_documents({}) == 0


def test_a_route_without_a_name_in_the_trail_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    [ban] = [handler for _, handler in routes.REST if handler.__name__ == "BanHandler"]
    monkeypatch.setattr(ban, "audited", {"POST": "user.ban"})
    with pytest.raises(ValueError, match="BanHandler"):
        routes.table(None, None, None, None)  # type: ignore[arg-type]


@pytest.mark.gen_test
async def test_it_is_written_before_the_call_acts(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    path = f"/api/users/{alice['user']['id']}/ban"
    seen: list[Any] = []
    ban = ModerationService.ban

    async def watched(self: ModerationService, user_id: str, reason: str) -> None:
        seen.extend(await server.community.audit.newest("", "", "", 1))
        await ban(self, user_id, reason)

    monkeypatch.setattr(ModerationService, "ban", watched)
    await server.call("POST", path, {"reason": "spam"}, chief["access_token"])
    assert [(entry.action, entry.subject, entry.details) for entry in seen] == [
        ("user.ban", alice["user"]["id"], {"reason": "spam"})
    ]
    assert seen[0].status is UNSET

    async def away(*_: object) -> str:
        raise RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")

    monkeypatch.setattr(AuditService, "begin", away)
    refused = await server.call("DELETE", path, token=chief["access_token"])
    assert (refused.status, refused.data) == (503, {"error": "unavailable"})
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).status == 401


@pytest.mark.gen_test
async def test_only_what_is_meant_is_kept_and_in_bounds(server: ProductServer) -> None:
    chief = await server.operator()
    path = f"/api/users/{UNKNOWN}/ban"
    await server.call(
        "POST", f"{path}?token=secret", {"reason": "x" * 500, "password": "secret"}, chief["access_token"]
    )
    await server.call("POST", path, {"reason": {"$gt": 2**70, "deep": [1]}}, chief["access_token"])
    await server.call("POST", path, b"{not json", chief["access_token"])
    await server.call("POST", path, b'{"reason": "\\ud800"}', chief["access_token"])
    odd, broken, deep, long = await entries(server, chief)
    assert long["details"] == {"reason": "x" * MAX_TEXT_CHARACTERS}
    assert "$gt" in deep["details"]["reason"]
    assert broken["details"] == {}
    assert odd["status"] in {400, 404}


@pytest.mark.gen_test
async def test_the_trail_is_read_in_pages_and_by_who_and_what(server: ProductServer) -> None:
    chief, other = await server.operator(), await server.operator("other")
    for number in range(6):
        who = other if number % 2 else chief
        method = "POST" if number < 4 else "DELETE"
        await server.call(method, f"/api/users/{UNKNOWN}/ban", {}, who["access_token"])
    everything = [entry["id"] for entry in await entries(server, chief)]
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 6
    first = await entries(server, chief, "?limit=4")
    rest = await entries(server, chief, f"?before={first[-1]['id']}")
    assert [entry["id"] for entry in (*first, *rest)] == everything
    mine = await entries(server, chief, f"?actor={chief['user']['id']}")
    assert [entry["actor"]["name"] for entry in mine] == ["chief"] * 3
    assert len(await entries(server, chief, "?action=user.unban")) == 2
    assert len(await entries(server, chief, f"?action=user.ban&actor={other['user']['id']}")) == 2
    for wrong in ("?before=x", "?limit=0", "?limit=x"):
        assert (await server.call("GET", f"/api/audit{wrong}", token=chief["access_token"])).status == 400
    unseen = await server.call("GET", f"/api/audit?before={new_id()}", token=chief["access_token"])
    assert len(unseen.data["entries"]) == 6


@pytest.mark.gen_test
async def test_an_entry_ends_by_its_age(database: Database) -> None:
    community = open_community(database)
    await community.audit.begin(LOOPBACK, "user.ban", "x", {}, "")
    [stored] = await database["audit"].find().to_list(None)
    assert (stored["expires_at"] - stored["at"]).total_seconds() == RETENTION_SECONDS
