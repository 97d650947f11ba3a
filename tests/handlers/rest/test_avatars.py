"""Avatars: who may choose which picture, where it shows, and who gets it."""

from __future__ import annotations

from typing import Any

import pytest

from server.storage.documents import Database
from tests.support.product_server import PRESENCE, ProductServer, RestAnswer
from tests.support.uploads import Door, picture


async def set_avatar(server: ProductServer, who: Any, file_id: object) -> RestAnswer:
    return await server.call("PATCH", "/api/users/me", {"avatar": file_id}, who["access_token"])


async def upload(server: ProductServer, who: Any, content: bytes) -> Any:
    return await Door(server.port, who["access_token"]).upload(content)


async def statuses(server: ProductServer, who: Any, file: Any) -> list[int]:
    """Return how the picture and its thumbnail are answered."""
    door = Door(server.port, who["access_token"] if who else None)
    return [(await door.fetch("GET", path)).code for path in (file["url"], file["url"] + "/thumbnail")]


@pytest.mark.gen_test
async def test_an_avatar_shows_wherever_its_owner_does(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    asked = await server.call("POST", "/api/friends/requests", {"username": "carol"}, alice["access_token"])
    assert asked.data["from_user"].keys() == {"id", "username", "display_name"}
    hearing = [await server.chat(who) for who in (alice, bob)]
    stranger = await server.chat(carol)
    joined = await hearing[1].ask("join_chat", {"friend_id": alice["user"]["id"]})
    conversation_id = joined["conversation"]["id"]
    letter = {"conversation_id": conversation_id, "content": "hello"}
    assert "avatar" not in (await hearing[0].ask("send_message", letter))["message"]["sender"]
    await hearing[1].next("new_message", between=PRESENCE)

    file = await upload(server, alice, picture("PNG"))
    changed = await set_avatar(server, alice, file["id"])
    shown = {"id": alice["user"]["id"], "username": "alice", "display_name": "alice"}
    shown["avatar"] = f"/api/files/{file['id']}/thumbnail"
    assert (changed.status, changed.data) == (200, alice["user"] | shown)
    for client in hearing:
        assert await client.next("profile_updated", between=PRESENCE) == {"user": shown}
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).data == changed.data

    async def seen(path: str, who: Any = bob) -> Any:
        return (await server.call("GET", path, token=who["access_token"])).data

    [request] = (await seen("/api/friends/requests", carol))["requests"]
    [friend] = (await seen("/api/friends"))["friends"]
    members = (await seen(f"/api/conversations/{conversation_id}"))["conversation"]["members"]
    [listed] = (await seen("/api/conversations"))["conversations"]
    [message] = (await seen(f"/api/conversations/{conversation_id}/messages"))["messages"]
    await hearing[0].ask("send_message", letter)
    told = (await hearing[1].next("new_message", between=PRESENCE))["message"]
    for found in (
        *(await seen("/api/users?query=ali"))["users"],
        request["from_user"],
        friend,
        *(member for one in (members, listed["members"]) for member in one if member["id"] == shown["id"]),
        message["sender"],
        told["sender"],
    ):
        assert found | shown == found
    assert [member.get("avatar") for member in members if member["id"] == bob["user"]["id"]] == [None]
    await stranger.ask("ping")
    await stranger.next("pong", between=PRESENCE)
    assert "profile_updated" not in stranger.order


@pytest.mark.gen_test
async def test_everyone_gets_an_avatar_as_long_as_it_is_one(server: ProductServer) -> None:
    alice, stranger = await server.register("alice"), await server.register("stranger")
    first, second = [await upload(server, alice, picture("PNG", (60, size))) for size in (40, 50)]
    assert await statuses(server, stranger, first) == [404, 404]
    for avatar, answers in (
        (first["id"], ([200, 200], [404, 404])),
        (second["id"], ([404, 404], [200, 200])),
        (None, ([404, 404], [404, 404])),
    ):
        assert (await set_avatar(server, alice, avatar)).status == 200
        for file, expected in zip((first, second), answers, strict=True):
            assert await statuses(server, stranger, file) == expected
            assert await statuses(server, alice, file) == [200, 200]
            assert await statuses(server, None, file) == [401, 401]
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).data == alice["user"]


@pytest.mark.gen_test
async def test_only_a_picture_of_ones_own_becomes_an_avatar(server: ProductServer, database: Database) -> None:
    alice, bob = await server.friends()
    text, theirs = await upload(server, alice, b"a text"), await upload(server, bob, picture("PNG"))
    mine = await upload(server, alice, picture("GIF"))
    assert (await set_avatar(server, alice, mine["id"])).status == 200
    details = set()
    for file_id in (text["id"], theirs["id"], "0" * 24, "", "$ne", f"{mine['id']}.thumbnail", mine["url"]):
        refused = await set_avatar(server, alice, file_id)
        assert (refused.status, refused.data) == (400, {"error": "invalid_input"})
        details.add(refused.json["message"])
    for value in (7, [mine["id"]], {"id": mine["id"]}, False):
        assert (await set_avatar(server, alice, value)).data == {"error": "invalid_input"}
    assert len(details) == 1
    stored = await database["users"].find({"avatar": {"$exists": True}}).to_list(None)
    assert [one["avatar"] for one in stored] == [mine["id"]]
    assert (await statuses(server, alice, theirs)) == [404, 404]


@pytest.mark.gen_test
async def test_an_avatar_and_what_else_is_changed_go_together(server: ProductServer, database: Database) -> None:
    alice = await server.register("alice")
    file = await upload(server, alice, picture("PNG"))
    token = alice["access_token"]
    for body in ({"display_name": " ", "avatar": file["id"]}, {"display_name": "Ann", "avatar": "0" * 24}):
        assert (await server.call("PATCH", "/api/users/me", body, token)).status == 400
        assert (await server.call("GET", "/api/users/me", token=token)).data == alice["user"]
    assert (await database["files.files"].find_one({"_id": file["id"]}) or {})["metadata"]["uses"] == 0
    body = {"display_name": "Ann", "avatar": file["id"], "locale": "en"}
    both = await server.call("PATCH", "/api/users/me", body, token)
    assert both.data["avatar"] == file["url"] + "/thumbnail"
    without = await server.call("PATCH", "/api/users/me", {"avatar": None, "locale": "zh-CN"}, token)
    assert without.data == alice["user"] | {"display_name": "Ann", "locale": "zh-CN"}
