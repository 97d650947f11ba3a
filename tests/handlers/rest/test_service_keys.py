"""Service keys: told once, stored as hashes, good for their scopes alone, and gone at once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tornado.web import Application

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.service_keys import Scope
from server.services.service_keys import MAX_KEYS, TOUCH_SECONDS
from server.storage.documents import Database
from tests.support.product_server import ProductServer


class PostingHandler(ApiHandler):
    """What a worker calls."""

    access = Access.OPERATOR
    service_scope = Scope.TASKS

    async def get(self) -> None:
        self.answer({"kind": self.actor.kind, "name": self.actor.name})


def serve_posting(server: ProductServer) -> None:
    application: Application = server.application
    application.add_handlers(".*", [(r"/posting", PostingHandler, {"services": server.services})])


async def make(server: ProductServer, chief: Any, **body: Any) -> Any:
    sent = {"name": "worker", "scopes": ["tasks"], **body}
    answer = await server.call("POST", "/api/service_keys", sent, chief["access_token"])
    assert answer.status == 201, answer.json
    return answer.data


@pytest.mark.gen_test
async def test_a_key_opens_what_its_scope_names(server: ProductServer) -> None:
    serve_posting(server)
    chief = await server.operator()
    made = await make(server, chief)
    assert made["key"].startswith(f"sk_{made['service_key']['id']}_")
    assert made["service_key"]["scopes"] == ["tasks"]
    answer = await server.call("GET", "/posting", token=made["key"])
    assert (answer.status, answer.data) == (200, {"kind": "service_key", "name": "worker"})
    assert (await server.call("GET", "/posting", token=chief["access_token"])).data["kind"] == "user"
    other = await make(server, chief, scopes=["prices", "metrics", "prices"])
    assert other["service_key"]["scopes"] == ["metrics", "prices"]
    refused = await server.call("GET", "/posting", token=other["key"], headers={"Accept-Language": "en"})
    assert (refused.status, refused.data) == (403, {"error": "forbidden"})
    assert "scope tasks" in refused.json["message"]


@pytest.mark.gen_test
async def test_a_key_has_no_rights_of_members_or_of_operators(server: ProductServer) -> None:
    key = (await make(server, await server.operator(), scopes=[scope.value for scope in Scope]))["key"]
    for method, path in (
        ("GET", "/api/users/me"),
        ("POST", "/api/auth/logout_all"),
        ("GET", "/api/service_keys"),
        ("POST", "/api/service_keys"),
        ("GET", "/api/audit"),
    ):
        assert (await server.call(method, path, token=key)).status == 403, path
    client = await server.connect({"token": key})
    assert client.connected.result()["data"]["code"] == "unauthorized"


@pytest.mark.gen_test
async def test_what_is_no_key_is_refused(server: ProductServer) -> None:
    serve_posting(server)
    made = await make(server, await server.operator())
    key, key_id = made["key"], made["service_key"]["id"]
    for wrong in (
        key[:-1],
        key + "x",
        key.upper(),
        f"sk_{key_id}_",
        f"sk_{key_id}",
        f"sk_{'0' * 24}_{key.rpartition('_')[2]}",
        "sk_",
        "sk__",
        "sk_$ne_x",
        "sk_" + "x" * 5000,
    ):
        refused = await server.call("GET", "/posting", token=wrong)
        assert (refused.status, refused.data) == (401, {"error": "unauthorized"}), wrong


@pytest.mark.gen_test
async def test_a_revoked_key_is_refused_at_once(server: ProductServer) -> None:
    serve_posting(server)
    chief = await server.operator()
    made = await make(server, chief)
    path = f"/api/service_keys/{made['service_key']['id']}"
    assert (await server.call("GET", "/posting", token=made["key"])).status == 200
    assert (await server.call("DELETE", path, token=chief["access_token"])).status == 200
    assert (await server.call("GET", "/posting", token=made["key"])).status == 401
    assert (await server.call("DELETE", path, token=chief["access_token"])).status == 404


@pytest.mark.gen_test
async def test_a_key_ends_in_its_time_and_its_uses_are_noted(timed_server: ProductServer) -> None:
    server = timed_server
    serve_posting(server)
    chief = await server.operator()
    end = server.clock.now() + timedelta(seconds=3 * TOUCH_SECONDS)
    key = (await make(server, chief, expires_at=end.isoformat()))["key"]

    async def last_use() -> Any:
        [listed] = (await server.call("GET", "/api/service_keys", token=chief["access_token"])).data["service_keys"]
        return listed.get("last_used_at")

    assert await last_use() is None
    assert (await server.call("GET", "/posting", token=key)).status == 200
    first = await last_use()
    assert first is not None
    server.advance(TOUCH_SECONDS - 1)
    assert (await server.call("GET", "/posting", token=key)).status == 200
    assert await last_use() == first
    server.advance(1)
    assert (await server.call("GET", "/posting", token=key)).status == 200
    assert await last_use() > first
    server.advance(2 * TOUCH_SECONDS)
    assert (await server.call("GET", "/posting", token=key)).status == 401


@pytest.mark.gen_test
async def test_the_secret_is_nowhere_but_in_the_answer(server: ProductServer, database: Database) -> None:
    chief = await server.operator()
    key = (await make(server, chief))["key"]
    secret = key.split("_", 2)[2]
    listed = await server.call("GET", "/api/service_keys", token=chief["access_token"])
    audited = await server.call("GET", "/api/audit", token=chief["access_token"])
    stored = [await database[name].find().to_list(None) for name in await database.list_collection_names()]
    for place in (json.dumps(listed.json), json.dumps(audited.json), repr(stored)):
        assert secret not in place
        assert "worker" in place


@pytest.mark.gen_test
async def test_a_key_that_cannot_be_is_not_made(server: ProductServer, database: Database) -> None:
    chief = await server.operator()
    good = {"name": "worker", "scopes": ["tasks"]}
    wrongs: tuple[dict[str, Any], ...] = (
        {"name": " "},
        {"name": "x" * 65},
        {"name": "a\0b"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "tasks"},
        {"expires_at": "2020-01-01T00:00:00+00:00"},
        {"expires_at": "2199-01-01T00:00:00"},
        {"expires_at": 7},
    )
    for wrong in wrongs:
        refused = await server.call("POST", "/api/service_keys", good | wrong, chief["access_token"])
        assert (refused.status, refused.data) == (400, {"error": "invalid_input"}), wrong
    assert await database["service_keys"].count_documents({}) == 0
    await database["service_keys"].insert_many(
        {"_id": f"{n:024x}", "name": "x", "scopes": [], "created_at": server.clock.now(), "created_by": "x"}
        for n in range(MAX_KEYS)
    )
    refused = await server.call("POST", "/api/service_keys", good, chief["access_token"])
    assert (refused.status, refused.data) == (409, {"error": "limit_reached"})
