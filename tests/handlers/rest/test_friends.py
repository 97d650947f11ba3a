from __future__ import annotations

import json
import re
from typing import Any

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
        ("POST", "/api/friends/requests/x/decline"),
        ("DELETE", "/api/friends/requests/x"),
        ("DELETE", "/api/friends/x"),
        ("GET", "/api/friends/blocked"),
        ("POST", "/api/friends/x/block"),
        ("DELETE", "/api/friends/x/block"),
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


async def ask(server: ProductServer, who: Any, username: str) -> Any:
    return (await server.call("POST", "/api/friends/requests", {"username": username}, token=who["access_token"])).data


@pytest.mark.gen_test
async def test_a_request_is_declined_or_taken_back(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    clients = [await server.chat(alice), await server.chat(bob)]
    for method, suffix, who, other in (("POST", "/decline", bob, alice), ("DELETE", "", alice, bob)):
        request_id = (await ask(server, alice, "bob"))["id"]
        path = f"/api/friends/requests/{request_id}{suffix}"
        assert (await server.call(method, path, token=other["access_token"])).status == 404
        ended = await server.call(method, path, token=who["access_token"])
        assert (ended.status, ended.data) == (200, None)
        assert (await server.call(method, path, token=who["access_token"])).status == 404
        for client in clients:
            await client.next("friend_request")
            assert await client.next("friend_request_removed") == {"request_id": request_id}


@pytest.mark.gen_test
async def test_parting_is_heard_and_closes_the_conversation(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a, b = await server.chat(alice), await server.chat(bob)
    sent = await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": "hello"})
    conversation_id = sent["message"]["conversation_id"]
    for client in (a, b):
        await client.ask("join_chat", {"conversation_id": conversation_id})
    path = f"/api/friends/{bob['user']['id']}/block"
    assert (await server.call("POST", path, token=alice["access_token"])).status == 200
    assert await a.next("friend_removed") == {"user_id": bob["user"]["id"]}
    assert await b.next("friend_removed") == {"user_id": alice["user"]["id"]}
    for event, payload in (("send_message", {"content": "still there?"}), ("typing", {"is_typing": True})):
        refused = await b.ask(event, {"conversation_id": conversation_id, **payload})
        assert refused["error"]["code"] == "not_friends"
    assert await b.ask("mark_read", {"conversation_id": conversation_id, "seq": 1}) == {"ok": True}
    await a.ask("ping")
    await a.next("pong")
    assert a.events.empty()  # the one who blocks hears nothing more
    for who in (alice, bob):
        history = await server.call("GET", f"/api/conversations/{conversation_id}/messages", token=who["access_token"])
        assert [message["content"] for message in history.data["messages"]] == ["hello"]

    listed = await server.call("GET", "/api/friends/blocked", token=alice["access_token"])
    assert [profile["username"] for profile in listed.data["blocked"]] == ["bob"]
    assert (await server.call("DELETE", path, token=alice["access_token"])).status == 200
    assert (await server.call("DELETE", path, token=alice["access_token"])).status == 404
    assert (await server.call("GET", "/api/friends/blocked", token=alice["access_token"])).data == {"blocked": []}


@pytest.mark.gen_test
async def test_who_is_blocked_cannot_tell(server: ProductServer) -> None:
    """Every answer to bob is the same for alice, who blocks him, and for carol, who merely does not answer."""
    bob = await server.register("bob")
    tried = {}
    for name in ("alice", "carol"):
        other = await server.register(name)
        await server.community.friendships.befriend(bob["user"]["id"], other["user"]["id"], server.clock.now())
        b = await server.chat(bob)
        path, token = f"/api/friends/{bob['user']['id']}", other["access_token"]
        parting = ("POST", f"{path}/block") if name == "alice" else ("DELETE", path)
        assert (await server.call(*parting, token=token)).status == 200
        answers: list[Any] = [await b.next("friend_removed")]
        for method, rest, body in (
            ("POST", "requests", {"username": name}),
            ("POST", "requests", {"username": name}),
            ("GET", "requests", None),
            ("POST", f"{other['user']['id']}/block", None),
            ("DELETE", f"{other['user']['id']}/block", None),
            ("GET", "requests", None),
            ("POST", "requests", {"username": name}),
            ("GET", "", None),
        ):
            answer = await server.call(method, f"/api/friends/{rest}".rstrip("/"), body, token=bob["access_token"])
            answers.append((method, rest, answer.status, answer.json["data"]))
        requests = await server.call("GET", "/api/friends/requests", token=bob["access_token"])
        for request in requests.data["requests"]:
            await server.call("DELETE", f"/api/friends/requests/{request['id']}", token=bob["access_token"])
        while not b.events.empty():
            answers.append(b.events.get_nowait())
        text = json.dumps(answers).replace(name, "other").replace(other["user"]["id"], "id")
        tried[name] = re.sub(r'("(?:request_)?id": |")[0-9a-f]{24}"|20\d\d-[^"]*', "", text)
        await b.close()
    assert tried["alice"] == tried["carol"]


@pytest.mark.gen_test
async def test_asking_too_often(timed_server: ProductServer) -> None:
    alice = await timed_server.register("alice")
    for _ in range(20):
        asked = await timed_server.call(
            "POST", "/api/friends/requests", {"username": "nobody"}, token=alice["access_token"]
        )
        assert asked.status == 404
    for seconds, status in ((0, 429), (10, 404)):
        timed_server.advance(seconds)
        asked = await timed_server.call(
            "POST", "/api/friends/requests", {"username": "nobody"}, token=alice["access_token"]
        )
        assert asked.status == status
        assert asked.headers.get("Retry-After") == ("10" if status == 429 else None)
