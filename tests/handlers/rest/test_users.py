"""Profiles, passwords and the search of members."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.services.people import CHANGE_RATE, MAX_FOUND, SEARCH_RATE
from tests.support.product_server import PER_ACCOUNT, ChatClient, ProductServer

ALICE = {"username": "alice", "password": "correct horse"}
NEW = {"old_password": "correct horse", "new_password": "battery staple"}


async def nothing_more(client: ChatClient) -> bool:
    """Tell whether nothing but the answer comes to a ping: events arrive in order."""
    await client.ask("app_ping")
    return (await client.next("app_pong")) is not None and client.events.empty()


@pytest.mark.gen_test
async def test_a_changed_name_is_heard_by_oneself_and_friends_alone(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    hearing = [await server.chat(who) for who in (alice, alice, bob)]
    stranger = await server.chat(carol)
    await server.call("GET", "/api/friends", token=bob["access_token"])  # now the name is at hand
    changed = await server.call("PATCH", "/api/users/me", {"display_name": "  爱丽丝 "}, alice["access_token"])
    assert (changed.status, changed.data["display_name"]) == (200, "爱丽丝")
    profile = {"id": alice["user"]["id"], "username": "alice", "display_name": "爱丽丝"}
    for client in hearing:
        assert await client.next("profile_updated") == {"user": profile}
    assert await nothing_more(stranger)
    friends = await server.call("GET", "/api/friends", token=bob["access_token"])
    assert [friend["display_name"] for friend in friends.data["friends"]] == ["爱丽丝"]
    again = await server.call(
        "PATCH", "/api/users/me", {"display_name": "爱丽丝", "locale": "en"}, alice["access_token"]
    )
    assert again.data["locale"] == "en"
    assert await nothing_more(hearing[2])  # it is the name they had


@pytest.mark.gen_test
async def test_the_locale_is_its_owner_s_alone(server: ProductServer) -> None:
    alice, bob = await server.friends()
    assert "locale" not in alice["user"]
    changed = await server.call("PATCH", "/api/users/me", {"locale": "zh-TW"}, alice["access_token"])
    assert changed.data == alice["user"] | {"locale": "zh-TW"}
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).data == changed.data
    assert (await server.call("POST", "/api/auth/login", ALICE)).data["user"] == changed.data
    friends = await server.call("GET", "/api/friends", token=bob["access_token"])
    found = await server.call("GET", "/api/users?query=ali", token=bob["access_token"])
    assert "locale" not in friends.data["friends"][0]
    assert found.data["users"][0].keys() == {"id", "username", "display_name"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"other": 1},
        {"display_name": ""},
        {"display_name": "   "},
        {"display_name": "one\ntwo"},
        {"display_name": "", "locale": "en"},
        {"display_name": "x" * 65},
        {"display_name": "a\0b"},
        {"display_name": None},
        {"display_name": 7},
        {"locale": "fr"},
        {"locale": ""},
        {"locale": None},
        {"locale": ["en"]},
        {"role": "operator"},
    ],
    ids=str,
)
@pytest.mark.gen_test
async def test_changes_that_are_refused_change_nothing(server: ProductServer, body: Any) -> None:
    alice = await server.register("alice")
    answer = await server.call("PATCH", "/api/users/me", body, alice["access_token"])
    assert (answer.status, answer.data) == (400, {"error": "invalid_input"})
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).data == alice["user"]


@pytest.mark.gen_test
async def test_nobody_makes_an_operator_of_oneself(server: ProductServer) -> None:
    alice = await server.register("alice")
    body = {"display_name": "Alice", "role": "operator"}
    assert (await server.call("PATCH", "/api/users/me", body, alice["access_token"])).data["role"] == "member"


@pytest.mark.gen_test
async def test_a_new_password_ends_every_other_sign_in(server: ProductServer) -> None:
    alice = await server.register("alice")
    other = (await server.call("POST", "/api/auth/login", ALICE)).data
    kept, cut = await server.chat(alice), await server.chat(other)
    answer = await server.call("PATCH", "/api/users/me/password", NEW, alice["access_token"])
    assert (answer.status, answer.data) == (200, None)
    async with asyncio.timeout(30):
        await cut.disconnected.wait()
    assert (await kept.ask("ping"))["ok"]
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).status == 200
    assert (await server.call("GET", "/api/users/me", token=other["access_token"])).status == 401
    for sign_in, status in ((other, 401), (alice, 200)):
        body = {"refresh_token": sign_in["refresh_token"]}
        assert (await server.call("POST", "/api/auth/refresh", body)).status == status
    assert (await server.call("POST", "/api/auth/login", ALICE)).data == {"error": "invalid_credentials"}
    assert (await server.call("POST", "/api/auth/login", ALICE | {"password": "battery staple"})).status == 200


@pytest.mark.gen_test
async def test_a_password_is_not_changed_without_the_old_one(server: ProductServer) -> None:
    alice = await server.register("alice")
    for body, status, slug in (
        (NEW | {"old_password": "wrong horse"}, 401, "invalid_credentials"),
        (NEW | {"old_password": ""}, 401, "invalid_credentials"),
        (NEW | {"new_password": "short"}, 400, "weak_password"),
        (NEW | {"new_password": "x" * 257}, 400, "weak_password"),
        (NEW | {"new_password": "x" * 2000}, 400, "invalid_input"),
        ({"new_password": "battery staple"}, 400, "invalid_input"),
    ):
        answer = await server.call("PATCH", "/api/users/me/password", body, alice["access_token"])
        assert (answer.status, answer.data) == (status, {"error": slug})
    assert (await server.call("PATCH", "/api/users/me/password", NEW)).status == 401
    assert (await server.call("POST", "/api/auth/login", ALICE)).status == 200


@pytest.mark.gen_test
async def test_guessing_the_old_password_is_limited_like_signing_in(timed_server: ProductServer) -> None:
    server = timed_server
    alice = await server.register("alice")
    for _ in range(PER_ACCOUNT):
        wrong = await server.call(
            "PATCH", "/api/users/me/password", NEW | {"old_password": "wrong horse"}, alice["access_token"]
        )
        assert wrong.status == 401
    right = await server.call("PATCH", "/api/users/me/password", NEW, alice["access_token"])
    assert (right.status, right.headers["Retry-After"]) == (429, "20")
    assert (await server.call("POST", "/api/auth/login", ALICE)).status == 429


@pytest.mark.gen_test
async def test_of_two_changes_at_once_one_wins(server: ProductServer) -> None:
    alice = await server.register("alice")
    bodies = [NEW | {"new_password": f"battery staple {number}"} for number in range(2)]
    calls = [server.call("PATCH", "/api/users/me/password", body, alice["access_token"]) for body in bodies]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status for answer in answers) == [200, 401]
    [winner] = [body for body, answer in zip(bodies, answers, strict=True) if answer.status == 200]
    signed_in = await server.call("POST", "/api/auth/login", ALICE | {"password": winner["new_password"]})
    assert signed_in.status == 200


async def search(server: ProductServer, token: str, query: str) -> list[str]:
    answer = await server.call("GET", f"/api/users?{query}", token=token)
    assert answer.status == 200, answer.json
    return [user["username"] for user in answer.data["users"]]


@pytest.mark.gen_test
async def test_members_are_found_by_the_beginning_of_either_name(server: ProductServer) -> None:
    token = (await server.register("searcher"))["access_token"]
    for username, display_name in (
        ("alice", "Zoë (math)"),
        ("Alina", "王小明"),
        ("bob", "ALIAS"),
        ("malice", "none"),
        ("a.b", "[x] $1.*"),
        ("aXb", "100%"),
        ("seal", "Search me"),
    ):
        await server.community.users.add(username, display_name, "no password", server.clock.now())
    for query, expected in (
        ("query=ali", ["alice", "Alina", "bob"]),
        ("query=%20ALI%20", ["alice", "Alina", "bob"]),
        ("query=ali&limit=2", ["alice", "Alina"]),
        ("query=%E7%8E%8B", ["Alina"]),
        ("query=zo%C3%8B", ["alice"]),
        ("query=a.b", ["a.b"]),
        ("query=.*", []),
        ("query=%5Bx%5D%20%24", ["a.b"]),
        ("query=100%25", ["aXb"]),
        ("query=%5E", []),
        ("query=lice", []),
        ("query=search", ["seal"]),  # never oneself
        ("query=s", ["seal"]),
    ):
        assert await search(server, token, query) == expected, query


@pytest.mark.gen_test
async def test_a_changed_name_is_found_at_once(server: ProductServer) -> None:
    alice, bob = await server.friends()
    await server.call("PATCH", "/api/users/me", {"display_name": "Wonder"}, alice["access_token"])
    assert await search(server, bob["access_token"], "query=wOND") == ["alice"]


@pytest.mark.parametrize(
    "query",
    [
        *("", "query=", "query=%20%20", "query=" + "x" * 65, "query=a%00", "query=%FF"),
        *("query=a&limit=0", "query=a&limit=x", "query=a&limit=-1"),
    ],
)
@pytest.mark.gen_test
async def test_searches_that_are_refused(server: ProductServer, query: str) -> None:
    alice = await server.register("alice")
    answer = await server.call("GET", f"/api/users?{query}", token=alice["access_token"])
    assert (answer.status, answer.data) == (400, {"error": "invalid_input"})


@pytest.mark.gen_test
async def test_a_search_is_for_members_and_gives_so_many(server: ProductServer) -> None:
    alice = await server.register("alice")
    assert (await server.call("GET", "/api/users?query=a")).status == 401
    for number in range(MAX_FOUND + 5):
        await server.community.users.add(f"member{number:03}", f"M{number}", "no password", server.clock.now())
    token = alice["access_token"]
    expected = [f"member{number:03}" for number in range(MAX_FOUND)]
    assert await search(server, token, "query=member") == expected[:20]
    assert await search(server, token, "query=member&limit=50") == expected
    assert await search(server, token, "query=member&limit=51") == expected


@pytest.mark.gen_test
async def test_searches_and_changes_are_limited_for_each_member(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await server.register("alice"), await server.register("bob")
    for method, path, body, rate in (
        ("GET", "/api/users?query=a", None, SEARCH_RATE),
        ("PATCH", "/api/users/me", {"locale": "en"}, CHANGE_RATE),
    ):
        for _ in range(int(rate.burst)):
            assert (await server.call(method, path, body, alice["access_token"])).status == 200
        refused = await server.call(method, path, body, alice["access_token"])
        seconds = int(refused.headers["Retry-After"])
        assert (refused.status, refused.data) == (429, {"error": "rate_limited", "retry_after": seconds})
        assert (await server.call(method, path, body, bob["access_token"])).status == 200
        server.advance(seconds)
        assert (await server.call(method, path, body, alice["access_token"])).status == 200
