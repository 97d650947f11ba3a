from __future__ import annotations

from typing import Any

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_a_token_is_taken_from_auth_query_or_header(server: ProductServer) -> None:
    alice = await server.register("alice")
    token = alice["access_token"]
    for auth, query, headers in (
        ({"token": token}, "", {}),
        (None, f"&token={token}", {}),
        (None, "", {"Authorization": f"Bearer {token}"}),
        ({"token": token}, "&token=bad", {"Authorization": "Bearer bad"}),
    ):
        client = await server.connect(auth, query, headers)
        assert "sid" in client.connected.result()
    members = server.runtime.hub.rooms().members(f"user:{alice['user']['id']}")
    assert len(members) == 4


@pytest.mark.gen_test
async def test_who_has_no_good_token_is_refused(server: ProductServer) -> None:
    auths: list[Any] = [None, {}, {"token": ""}, {"token": "bad"}, {"token": 7}, {"token": {"$gt": ""}}]
    for auth in [*auths, {"token": "\ud800"}, {"token": None}]:
        refusal = (await server.connect(auth)).connected.result()
        assert refusal["data"] == {"code": "unauthorized"}, auth
        assert refusal["message"]
    assert not server.sio.root.sockets


@pytest.mark.gen_test
async def test_a_refresh_token_opens_no_connection(server: ProductServer) -> None:
    alice = await server.register("alice")
    refusal = (await server.connect({"token": alice["refresh_token"]})).connected.result()
    assert refusal["data"] == {"code": "unauthorized"}


@pytest.mark.gen_test
async def test_logout_cuts_the_connections_of_that_sign_in_alone(server: ProductServer) -> None:
    here = await server.register("alice")
    there = (await server.call("POST", "/api/auth/login", {"username": "alice", "password": "correct horse"})).data
    cut, kept = await server.chat(here), await server.chat(there)
    await server.call("POST", "/api/auth/logout", token=here["access_token"])
    await cut.disconnected.wait()
    assert (await kept.ask("ping"))["ok"]
    refusal = (await server.connect({"token": here["access_token"]})).connected.result()
    assert refusal["data"] == {"code": "unauthorized"}


@pytest.mark.gen_test
async def test_friend_requests_are_heard_on_every_connection(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    clients = [await server.chat(who) for who in (alice, bob, bob)]
    asked = await server.call("POST", "/api/friends/requests", {"username": "bob"}, token=alice["access_token"])
    for client in clients:
        assert await client.next("friend_request") == asked.data
    await server.call("POST", f"/api/friends/requests/{asked.data['id']}/accept", token=bob["access_token"])
    for client in clients:
        assert await client.next("friend_accepted") == asked.data
