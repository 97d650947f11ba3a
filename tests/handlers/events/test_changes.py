from __future__ import annotations

from typing import Any

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_everyone_hears_of_an_edit_and_of_a_recall(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a, b = await server.chat(alice), await server.chat(bob)
    sent = (await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": "secert"}))["message"]
    conversation_id = sent["conversation_id"]
    for client in (a, b):
        await client.ask("join_chat", {"conversation_id": conversation_id})

    edited = (await a.ask("edit_message", {"message_id": sent["id"], "content": "secret"}))["message"]
    assert edited == {**sent, "content": "secret", "edited_at": edited["edited_at"]}
    for client in (a, b):
        assert await client.next("message_updated") == {"conversation_id": conversation_id, "message": edited}

    recalled = (await a.ask("recall_message", {"message_id": sent["id"]}))["message"]
    assert (recalled["recalled"], recalled["content"], recalled["id"], recalled["seq"]) == (True, "", sent["id"], 1)
    for client in (a, b):
        assert (await client.next("message_updated"))["message"] == recalled

    assert (await b.ask("join_chat", {"conversation_id": conversation_id}))["messages"] == [recalled]
    history = await server.call("GET", f"/api/conversations/{conversation_id}/messages", token=bob["access_token"])
    assert history.data["messages"] == [recalled]
    listed = await server.call("GET", "/api/conversations", token=bob["access_token"])
    assert listed.data["conversations"][0]["last_message"] == recalled
    again = await a.ask("edit_message", {"message_id": sent["id"], "content": "x"})
    assert again["error"]["code"] == "conflict"


@pytest.mark.gen_test
async def test_nobody_else_changes_a_message_or_learns_of_it(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    a, b, c = await server.chat(alice), await server.chat(bob), await server.chat(carol)
    sent = (await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": "mine"}))["message"]
    await a.ask("join_chat", {"friend_id": bob["user"]["id"]})

    def attempts(message_id: str) -> list[tuple[str, Any]]:
        message = {"message_id": message_id}
        return [("edit_message", {**message, "content": "x"}), ("recall_message", message)]

    for event, payload in attempts(sent["id"]):
        assert (await b.ask(event, payload))["error"]["code"] == "forbidden"
    refusals = [
        await c.ask(event, payload) for target in (sent["id"], "0" * 24, "x") for event, payload in attempts(target)
    ]
    assert refusals == [refusals[0]] * 6
    assert refusals[0]["error"]["code"] == "not_found"
    await server.community.database["relations"].delete_many({})
    for event, payload in attempts(sent["id"]):
        assert (await a.ask(event, payload))["error"]["code"] == "not_friends"
    await a.ask("ping")
    await a.next("pong")
    assert a.events.empty()
    assert (await server.community.message_repository.following(sent["conversation_id"], 0, 9))[0].content == "mine"


@pytest.mark.gen_test
async def test_changes_are_limited(timed_server: ProductServer) -> None:
    alice, _ = await timed_server.friends()
    a = await timed_server.chat(alice)
    for event in ("edit_message", "recall_message"):
        for _ in range(200):
            answer = await a.ask(event, {"message_id": "x", "content": "x"})
            if answer["error"]["code"] == "rate_limited":
                break
        assert answer["error"]["code"] == "rate_limited"


@pytest.mark.gen_test
async def test_who_was_away_is_told_what_has_changed(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a = await server.chat(alice)
    sent = [await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": str(n)}) for n in range(1, 5)]
    ids = [ack["message"]["id"] for ack in sent]
    b = await server.chat(bob)
    target = {"friend_id": alice["user"]["id"]}
    await server.community.writer.close()
    revision = (await b.ask("join_chat", target))["conversation"]["revision"]
    await a.ask("edit_message", {"message_id": ids[0], "content": "one"})
    await a.ask("recall_message", {"message_id": ids[3]})
    b = await server.chat(bob)
    away = await b.ask("join_chat", {**target, "after_seq": 3, "after_revision": revision})
    assert [(message["seq"], message["content"]) for message in away["updated"]] == [(1, "one")]
    assert [(message["seq"], message["content"]) for message in away["messages"]] == [(4, "")]
    assert (away["conversation"]["revision"], away["has_more"]) == (revision + 2, False)
    now = {**target, "after_seq": 4, "after_revision": away["conversation"]["revision"]}
    assert (await b.ask("join_chat", now))["updated"] == []
