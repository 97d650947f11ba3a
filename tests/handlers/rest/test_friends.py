from __future__ import annotations

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_from_request_to_friendship(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    asked = await server.call("POST", "/api/friends/requests", {"username": "bob"}, token=alice["access_token"])
    assert asked.status == 201
    assert asked.data.keys() == {"id", "from_user", "to_user", "created_at"}
    assert asked.data["from_user"] == {"id": alice["user"]["id"], "username": "alice", "display_name": "alice"}
    for who in (alice, bob):
        listed = await server.call("GET", "/api/friends/requests", token=who["access_token"])
        assert listed.data == {"requests": [asked.data]}

    path = f"/api/friends/requests/{asked.data['id']}/accept"
    assert (await server.call("POST", path, token=alice["access_token"])).status == 404
    accepted = await server.call("POST", path, token=bob["access_token"])
    assert (accepted.status, accepted.data["friend"]["username"]) == (200, "alice")
    assert (await server.call("POST", path, token=bob["access_token"])).status == 404
    friends = await server.call("GET", "/api/v1/friends", token=alice["access_token"])
    assert [friend["username"] for friend in friends.data["friends"]] == ["bob"]


@pytest.mark.gen_test
async def test_without_a_token_nothing_is_told(server: ProductServer) -> None:
    for method, path in (
        ("GET", "/api/friends"),
        ("GET", "/api/friends/requests"),
        ("POST", "/api/friends/requests"),
        ("POST", "/api/friends/requests/x/accept"),
        ("GET", "/api/conversations"),
        ("GET", "/api/conversations/x/messages"),
        ("GET", "/api/users/me"),
    ):
        assert (await server.call(method, path)).status == 401, path


@pytest.mark.gen_test
async def test_usernames_that_cannot_be(server: ProductServer) -> None:
    token = (await server.register("alice"))["access_token"]
    for username in ({"$gt": ""}, ["alice"], 7, None, "\ud800", "a\0b"):
        answer = await server.call("POST", "/api/friends/requests", {"username": username}, token=token)
        assert (answer.status, answer.data) == (400, {"error": "invalid_input"}), username
