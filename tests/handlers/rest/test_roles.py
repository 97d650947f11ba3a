"""Operators are made and unmade by other operators."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.product_server import ProductServer


def role_of(sign_in: Any) -> str:
    return f"/api/users/{sign_in['user']['id']}/role"


@pytest.mark.gen_test
async def test_a_role_is_given_and_taken(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    given = await server.call("PATCH", role_of(alice), {"role": "operator"}, chief["access_token"])
    assert (given.status, given.data["role"]) == (200, "operator")
    assert (await server.call("GET", "/api/audit", token=alice["access_token"])).status == 200
    client = await server.chat(alice)
    taken = await server.call("PATCH", role_of(alice), {"role": "member"}, chief["access_token"])
    assert (taken.status, taken.data["role"]) == (200, "member")
    await client.disconnected.wait()  # what it opened as an operator
    again = await server.call("POST", "/api/auth/login", {"username": "alice", "password": "correct horse"})
    assert again.data["user"]["role"] == "member"
    assert (await server.call("GET", "/api/audit", token=again.data["access_token"])).status == 403


@pytest.mark.gen_test
async def test_nobody_changes_ones_own_and_unknown_ones_are_not_found(server: ProductServer) -> None:
    chief = await server.operator()
    for role in ("operator", "member"):
        refused = await server.call("PATCH", role_of(chief), {"role": role}, chief["access_token"])
        assert (refused.status, refused.data) == (403, {"error": "forbidden"})
    for user_id in ("0" * 24, "x", "%00", "$where"):
        missing = await server.call("PATCH", f"/api/users/{user_id}/role", {"role": "member"}, chief["access_token"])
        assert (missing.status, missing.data) == (404, {"error": "not_found"})
    for wrong in ("king", None, 7):
        bad = await server.call("PATCH", role_of(chief), {"role": wrong}, chief["access_token"])
        assert (bad.status, bad.data) == (400, {"error": "invalid_input"})


@pytest.mark.gen_test
async def test_a_banned_user_made_an_operator_is_banned_no_longer(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    await server.call("POST", f"/api/users/{alice['user']['id']}/ban", token=chief["access_token"])
    await server.call("PATCH", role_of(alice), {"role": "operator"}, chief["access_token"])
    again = await server.call("POST", "/api/auth/login", {"username": "alice", "password": "correct horse"})
    assert (again.status, again.data["user"]["role"]) == (200, "operator")
