from __future__ import annotations

from typing import Any

import pytest

from tests.support.product_server import ProductServer
from tests.support.uploads import Door, picture


def door(server: ProductServer, signed_in: Any) -> Door:
    return Door(server.port, signed_in["access_token"])


async def send(chat: Any, friend: Any, file: Any, kind: str = "image", **more: Any) -> Any:
    request = {"friend_id": friend["user"]["id"], "type": kind, "file_id": file["id"], **more}
    return await chat.ask("send_message", request)


@pytest.mark.gen_test
async def test_a_picture_reaches_the_other_and_nobody_else(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    file = await door(server, alice).upload(picture("PNG", (90, 60)), "a.png")
    hers, his = await server.chat(alice), await server.chat(bob)
    await his.ask("join_chat", {"friend_id": alice["user"]["id"]})
    assert (await door(server, bob).fetch("GET", file["url"])).code == 404
    sent = (await send(hers, bob, file))["message"]
    assert (sent["type"], sent["content"], sent["file"]) == ("image", "", file)
    assert (await his.next("new_message"))["message"] == sent
    joined = await his.ask("join_chat", {"friend_id": alice["user"]["id"]})
    assert joined["messages"] == [sent]
    path = f"/api/conversations/{sent['conversation_id']}/messages"
    assert (await server.call("GET", path, token=bob["access_token"])).data["messages"] == [sent]
    for member, status in ((alice, 200), (bob, 200), (carol, 404)):
        for url in (file["url"], file["url"] + "/thumbnail"):
            assert (await door(server, member).fetch("GET", url)).code == status
    assert (await door(server, alice).fetch("DELETE", file["url"])).code == 409
    assert (await door(server, bob).fetch("DELETE", file["url"])).code == 403


@pytest.mark.gen_test
async def test_a_recalled_message_loses_its_file_everywhere(server: ProductServer) -> None:
    alice, bob = await server.friends()
    file = await door(server, alice).upload(b"secret", "secret.txt")
    hers, his = await server.chat(alice), await server.chat(bob)
    await his.ask("join_chat", {"friend_id": alice["user"]["id"]})
    sent = (await send(hers, bob, file, "file", content="read this"))["message"]
    recalled = (await hers.ask("recall_message", {"message_id": sent["id"]}))["message"]
    await his.next("new_message")
    told = (await his.next("message_updated"))["message"]
    path = f"/api/conversations/{sent['conversation_id']}/messages"
    listed = (await server.call("GET", path, token=bob["access_token"])).data["messages"]
    stored = await server.community.database["messages"].find_one({"_id": sent["id"]})
    for message in (recalled, told, *listed, stored):
        assert message is not None and message["recalled"] and "file" not in message
        assert "secret" not in str(message)
    assert (await door(server, bob).fetch("GET", file["url"])).code == 404
    assert (await door(server, alice).fetch("GET", file["url"])).code == 200


@pytest.mark.gen_test
async def test_one_file_in_two_conversations_stays_in_the_other(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    await server.community.friendships.befriend(alice["user"]["id"], carol["user"]["id"], server.clock.now())
    file = await door(server, alice).upload(picture("GIF"))
    hers = await server.chat(alice)
    to_bob = (await send(hers, bob, file))["message"]
    await send(hers, carol, file)
    await hers.ask("recall_message", {"message_id": to_bob["id"]})
    assert (await door(server, bob).fetch("GET", file["url"])).code == 404
    assert (await door(server, carol).fetch("GET", file["url"])).code == 200


@pytest.mark.gen_test
async def test_a_caption_can_be_changed_and_taken_away(server: ProductServer) -> None:
    alice, bob = await server.friends()
    file = await door(server, alice).upload(picture("GIF"))
    hers = await server.chat(alice)
    sent = (await send(hers, bob, file, content="a caption"))["message"]
    for content in ("another", ""):
        edited = (await hers.ask("edit_message", {"message_id": sent["id"], "content": content}))["message"]
        assert (edited["content"], edited["file"]) == (content, file)
    text = (await hers.ask("send_message", {"friend_id": bob["user"]["id"], "content": "x"}))["message"]
    refused = await hers.ask("edit_message", {"message_id": text["id"], "content": ""})
    assert refused["error"]["code"] == "invalid_input"


@pytest.mark.gen_test
async def test_sending_again_returns_the_first(server: ProductServer) -> None:
    alice, bob = await server.friends()
    file = await door(server, alice).upload(picture("GIF"))
    hers = await server.chat(alice)
    first = await send(hers, bob, file, client_msg_id="c1")
    assert await send(hers, bob, file, client_msg_id="c1") == first
    assert await send(hers, bob, {"id": "0" * 24}, client_msg_id="c1") == first


@pytest.mark.gen_test
async def test_what_cannot_be_sent(server: ProductServer) -> None:
    alice, bob = await server.friends()
    image, text = await door(server, alice).upload(picture("PNG")), await door(server, alice).upload(b"x")
    his_own = await door(server, bob).upload(picture("PNG"))
    hers = await server.chat(alice)
    unknown = await send(hers, bob, {"id": "0" * 24}, "file")
    assert unknown["error"]["code"] == "invalid_input"
    for file_id in (his_own["id"], "nonsense", "", "$ne", "\ud800"):
        assert await send(hers, bob, {"id": file_id}, "file") == unknown
    for request in (
        {"type": "image", "file_id": text["id"]},
        {"type": "image"},
        {"type": "file", "content": "x"},
        {"type": "text", "content": "x", "file_id": image["id"]},
        {"content": "x", "file_id": image["id"]},
        {"type": "stock", "content": "600519", "file_id": image["id"]},
        {"type": "text"},
        {"type": "file", "file_id": image["id"], "content": "x" * 10_001},
        {"type": "file", "file_id": {"$ne": ""}},
    ):
        answer = await hers.ask("send_message", {"friend_id": bob["user"]["id"], **request})
        assert answer["error"]["code"] == "invalid_input", request
    assert await server.community.database["messages"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_the_name_of_a_file_is_found(server: ProductServer) -> None:
    alice, bob = await server.friends()
    file = await door(server, alice).upload(b"x", "季度报告.txt")
    sent = (await send(await server.chat(alice), bob, file, "file"))["message"]
    path = f"/api/conversations/{sent['conversation_id']}/messages?q=%E5%AD%A3%E5%BA%A6%E6%8A%A5%E5%91%8A"
    assert (await server.call("GET", path, token=bob["access_token"])).data["messages"] == [sent]


@pytest.mark.gen_test
async def test_who_leaves_a_group_leaves_its_files(server: ProductServer) -> None:
    alice, bob = await server.friends()
    token = alice["access_token"]
    made = await server.call(
        "POST", "/api/conversations", {"name": "club", "members": [bob["user"]["id"]]}, token=token
    )
    group = made.data["conversation"]["id"]
    file = await door(server, alice).upload(picture("PNG"))
    hers = await server.chat(alice)
    sent = await hers.ask("send_message", {"conversation_id": group, "type": "image", "file_id": file["id"]})
    assert sent["ok"], sent
    urls = (file["url"], file["url"] + "/thumbnail")
    etags = []
    for url in urls:
        got = await door(server, bob).fetch("GET", url)
        assert got.code == 200
        etags.append(got.headers["ETag"])
    left = f"/api/conversations/{group}/members/{bob['user']['id']}"
    assert (await server.call("DELETE", left, token=bob["access_token"])).status == 200
    unknown = await door(server, bob).fetch("GET", f"/api/files/{'0' * 24}")
    for url, etag in zip(urls, etags, strict=True):
        for headers in ({}, {"If-None-Match": etag}, {"Range": "bytes=0-0"}):
            refused = await door(server, bob).fetch("GET", url, headers=headers)
            assert (refused.code, refused.body) == (404, unknown.body), headers
        assert (await door(server, alice).fetch("GET", url)).code == 200
