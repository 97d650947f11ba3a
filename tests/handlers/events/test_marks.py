from __future__ import annotations

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.parametrize("kind", ["read", "delivered"])
@pytest.mark.gen_test
async def test_the_others_hear_how_far_one_has_come(server: ProductServer, kind: str) -> None:
    alice, bob = await server.friends()
    a, b, elsewhere = await server.chat(alice), await server.chat(bob), await server.chat(bob)
    conversation_id = (await a.ask("join_chat", {"friend_id": bob["user"]["id"]}))["conversation"]["id"]
    await b.ask("join_chat", {"conversation_id": conversation_id})
    for n in range(4):
        await a.ask("send_message", {"conversation_id": conversation_id, "content": str(n)})
    for client in (a, b):
        for _ in range(4):
            await client.next("new_message")

    assert await b.ask(f"mark_{kind}", {"conversation_id": conversation_id, "seq": 2}) == {"ok": True}
    for client in (a, elsewhere):  # one has joined, the other is the same user's
        told = await client.next(f"message_{kind}")
        assert told == {"conversation_id": conversation_id, "user_id": bob["user"]["id"], "seq": 2}
    for seq in (2, 1, 0):
        assert await b.ask(f"mark_{kind}", {"conversation_id": conversation_id, "seq": seq}) == {"ok": True}
    assert await b.ask(f"mark_{kind}", {"conversation_id": conversation_id, "seq": 2**63 - 1}) == {"ok": True}
    for client in (a, elsewhere):
        assert (await client.next(f"message_{kind}"))["seq"] == 4
    assert b.events.empty()
    joined = (await elsewhere.ask("join_chat", {"conversation_id": conversation_id}))["conversation"]
    assert joined[kind][bob["user"]["id"]] == 4
    assert joined["unread"] == (0 if kind == "read" else 4)


@pytest.mark.gen_test
async def test_the_list_follows_the_read_mark(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a, b = await server.chat(alice), await server.chat(bob)
    for n in range(3):
        sent = await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": str(n)})
    conversation_id = sent["message"]["conversation_id"]
    for seq, unread in ((2, 1), (1, 1), (3, 0)):
        await b.ask("mark_read", {"conversation_id": conversation_id, "seq": seq})
        listed = await server.call("GET", "/api/conversations", token=bob["access_token"])
        assert [conversation["unread"] for conversation in listed.data["conversations"]] == [unread]


@pytest.mark.gen_test
async def test_a_stranger_cannot_mark_nor_learn_what_there_is(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    a, c = await server.chat(alice), await server.chat(carol)
    sent = await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": "secret"})
    conversation_id = sent["message"]["conversation_id"]
    await a.ask("join_chat", {"conversation_id": conversation_id})
    for event in ("mark_read", "mark_delivered"):
        refusals = [
            await c.ask(event, {"conversation_id": target, "seq": 1}) for target in (conversation_id, "0" * 24, "x")
        ]
        assert refusals == [refusals[0]] * 3
        assert refusals[0]["error"]["code"] == "not_found"
    await a.ask("ping")
    await a.next("pong")
    assert a.events.empty()
    await server.community.marks.close()
    stored = await server.community.database["members"].find({}).to_list(None)
    assert {member["user_id"] for member in stored} == {alice["user"]["id"], bob["user"]["id"]}
    assert [(member["read"], member["delivered"]) for member in stored if member["user_id"] == bob["user"]["id"]] == [
        (0, 0)
    ]


@pytest.mark.gen_test
async def test_marks_are_limited(timed_server: ProductServer) -> None:
    alice, _ = await timed_server.friends()
    a = await timed_server.chat(alice)
    for event in ("mark_read", "mark_delivered"):
        for _ in range(400):
            answer = await a.ask(event, {"conversation_id": "x", "seq": 1})
            if answer["error"]["code"] == "rate_limited":
                break
        assert answer["error"]["code"] == "rate_limited"
