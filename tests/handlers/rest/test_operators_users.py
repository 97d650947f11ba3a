"""The list of accounts: operators see roles and bans, members nowhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.product_server import ProductServer


async def listed(server: ProductServer, chief: Any, query: str = "") -> Any:
    answer = await server.call("GET", f"/api/operators/users{query}", token=chief["access_token"])
    assert answer.status == 200, answer.json
    return answer.data


def names(answer: Any) -> list[str]:
    return [user["username"] for user in answer["users"]]


@pytest.mark.gen_test
async def test_operators_see_who_is_an_operator_and_who_is_banned(server: ProductServer) -> None:
    chief, alice, bob = await server.operator(), *(await server.friends())
    await server.call("POST", f"/api/users/{bob['user']['id']}/ban", {"reason": "spam"}, chief["access_token"])
    everyone = await listed(server, chief)
    operator = chief["user"]["username"]
    assert names(everyone) == sorted(["alice", "bob", operator]) and not everyone["has_more"]
    roles = {user["username"]: (user["role"], user.get("ban", {}).get("reason")) for user in everyone["users"]}
    assert roles == {"alice": ("member", None), "bob": ("member", "spam"), operator: ("operator", None)}
    assert names(await listed(server, chief, "?standing=operator")) == [operator]
    assert names(await listed(server, chief, "?standing=banned")) == ["bob"]
    assert names(await listed(server, chief, "?query=BO")) == ["bob"]
    assert names(await listed(server, chief, "?query=BO&standing=banned")) == ["bob"]
    assert names(await listed(server, chief, "?query=BO&standing=operator")) == []
    assert names(await listed(server, chief, "?query=a&standing=banned")) == []
    assert names(await listed(server, chief, f"?query={operator[:2]}&standing=operator")) == [operator]
    await server.call("DELETE", f"/api/users/{bob['user']['id']}/ban", token=chief["access_token"])
    assert names(await listed(server, chief, "?standing=banned")) == []
    for path in ("users?query=", "users?query=b", "friends"):  # where members see each other
        seen = await server.call("GET", f"/api/{path}", token=alice["access_token"])
        assert not {"role", "ban", "created_at"} & set(json.dumps(seen.json).replace('"', " ").split())


@pytest.mark.gen_test
async def test_accounts_are_read_in_pages(server: ProductServer) -> None:
    chief = await server.operator()
    for number in range(5):
        await server.register(f"Member{number}")
    first = await listed(server, chief, "?limit=2&after=member0")
    assert (names(first), first["has_more"]) == (["Member1", "Member2"], True)
    last = await listed(server, chief, "?limit=2&after=Member2")
    assert (names(last)[:2], names(await listed(server, chief, "?limit=1&after=zzz"))) == (["Member3", "Member4"], [])
    some = await listed(server, chief, "?query=member&limit=3")
    assert (names(some), some["has_more"]) == (["Member0", "Member1", "Member2"], True)


@pytest.mark.parametrize("query", ["?standing=king", "?limit=0", "?query=a&after=b", "?query=%20"])
@pytest.mark.gen_test
async def test_what_cannot_be_asked_is_refused(server: ProductServer, query: str) -> None:
    chief = await server.operator()
    refused = await server.call("GET", f"/api/operators/users{query}", token=chief["access_token"])
    assert (refused.status, refused.data) == (400, {"error": "invalid_input"})
