from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.product_server import PRESENCE, ProductServer

IMPOSSIBLE: list[tuple[str, Any]] = [
    ("join_chat", {}),
    ("join_chat", None),
    ("join_chat", {"friend_id": {"$gt": ""}}),
    ("join_chat", {"friend_id": ["x"]}),
    ("join_chat", {"conversation_id": "0" * 24, "friend_id": "0" * 24}),
    ("join_chat", {"conversation_id": "0" * 24, "after_seq": -1}),
    ("join_chat", {"conversation_id": "0" * 24, "after_seq": 2**63}),
    ("join_chat", {"conversation_id": "0" * 24, "after_seq": 10**40}),
    ("join_chat", {"conversation_id": "0" * 24, "after_seq": 1.5}),
    ("join_chat", {"conversation_id": "0" * 24, "after_revision": "1"}),
    ("edit_message", {}),
    ("edit_message", {"message_id": "0" * 24}),
    ("edit_message", {"message_id": {"$gt": ""}, "content": "x"}),
    ("edit_message", {"message_id": "0" * 24, "content": " "}),
    ("edit_message", {"message_id": "0" * 24, "content": "x" * 10_001}),
    ("edit_message", {"message_id": "0" * 24, "content": "\ud800"}),
    ("typing", {}),
    ("typing", {"conversation_id": "0" * 24}),
    ("typing", {"conversation_id": "0" * 24, "is_typing": "yes"}),
    ("typing", {"conversation_id": {"$gt": ""}, "is_typing": True}),
    ("recall_message", {}),
    ("recall_message", {"message_id": None}),
    ("recall_message", {"message_id": {"$gt": ""}}),
    *(
        (event, impossible)
        for event in ("mark_read", "mark_delivered")
        for impossible in (
            {},
            None,
            {"conversation_id": "0" * 24},
            {"conversation_id": None, "seq": 1},
            {"conversation_id": {"$gt": ""}, "seq": 1},
            {"conversation_id": "0" * 24, "seq": -1},
            {"conversation_id": "0" * 24, "seq": 2**63},
            {"conversation_id": "0" * 24, "seq": "1"},
        )
    ),
    ("leave_chat", {}),
    ("leave_chat", {"conversation_id": None}),
    ("send_message", {"friend_id": "f", "content": None}),
    ("send_message", {"friend_id": "f"}),
    ("send_message", {"friend_id": "f", "content": ""}),
    ("send_message", {"friend_id": "f", "content": "x" * 10_001}),
    ("send_message", {"friend_id": "f", "content": "a\0b"}),
    ("send_message", {"friend_id": "f", "content": "\ud800"}),
    ("send_message", {"friend_id": "f", "content": {"$gt": ""}}),
    ("send_message", {"friend_id": "f", "content": "x", "type": "file"}),
    ("send_message", {"friend_id": "f", "content": "x", "client_msg_id": ""}),
    ("send_message", {"friend_id": "f", "content": "x", "client_msg_id": "x" * 129}),
    ("send_message", {"friend_id": "f", "content": "x", "client_msg_id": "\udc00"}),
    ("send_message", {"friend_id": "f", "content": "x", "client_msg_id": 7}),
]
"""Payloads that are refused; the friend ``f`` stands for a real one."""


@pytest.mark.gen_test
async def test_two_friends_talk(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a, b, b2 = await server.chat(alice), await server.chat(bob), await server.chat(bob)
    joined = await a.ask("join_chat", {"friend_id": bob["user"]["id"]})
    conversation = joined["conversation"]
    assert joined.keys() == {"ok", "conversation", "messages", "updated", "has_more"}
    assert conversation.keys() == {
        "id",
        "kind",
        "members",
        "last_seq",
        "revision",
        "unread",
        "read",
        "delivered",
        "created_at",
        "member_count",
        "pinned",
    }
    assert (conversation["kind"], conversation["last_seq"], joined["messages"]) == ("direct", 0, [])
    assert [member["username"] for member in conversation["members"]] == ["alice", "bob"]
    for client in (b, b2):
        assert (await client.ask("join_chat", {"conversation_id": conversation["id"]}))["ok"] is True

    sent = await a.ask(
        "send_message",
        {"conversation_id": conversation["id"], "content": "你好", "type": "text", "client_msg_id": "c1"},
    )

    assert sent["ok"] is True
    assert sent["message"]["seq"] == 1
    for client in (a, b, b2):
        live = await client.next("new_message")
        assert live == {"conversation_id": conversation["id"], "message": sent["message"]}
    assert a.order == ["ack", "ack", "new_message"]

    again = await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": "x", "client_msg_id": "c1"})
    assert again == sent
    left = await b2.ask("leave_chat", {"conversation_id": conversation["id"]})
    assert left == {"ok": True, "conversation_id": conversation["id"]}
    reply = {"conversation_id": conversation["id"], "content": "hi", "type": "text", "reply_to": sent["message"]["id"]}
    await b.tell("send_message", reply)
    for client in (a, b):
        assert (await client.next("new_message"))["message"]["reply_to"] == sent["message"]["id"]
    assert b2.events.empty()


@pytest.mark.gen_test
async def test_who_was_away_catches_up(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a = await server.chat(alice)
    for n in range(60):
        await a.ask("send_message", {"friend_id": bob["user"]["id"], "content": str(n)})
    b = await server.chat(bob)
    fresh = await b.ask("join_chat", {"friend_id": alice["user"]["id"]})
    assert [message["seq"] for message in fresh["messages"]] == list(range(11, 61))
    assert (fresh["has_more"], fresh["conversation"]["last_seq"]) == (True, 60)
    resumed = await b.ask("join_chat", {"friend_id": alice["user"]["id"], "after_seq": 57, "after_revision": 3})
    assert [message["seq"] for message in resumed["messages"]] == [58, 59, 60]
    assert (resumed["has_more"], resumed["updated"]) == (False, [])


@pytest.mark.gen_test
async def test_a_stranger_neither_joins_nor_writes_nor_hears(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    a, c = await server.chat(alice), await server.chat(carol)
    conversation_id = (await a.ask("join_chat", {"friend_id": bob["user"]["id"]}))["conversation"]["id"]
    refusals = []
    for target in ({"conversation_id": conversation_id}, {"conversation_id": "0" * 24}, {"conversation_id": "x"}):
        refusals.append((await c.ask("join_chat", target))["error"])
        refusals.append((await c.ask("send_message", {**target, "content": "x"}))["error"])
    assert refusals == [refusals[0]] * 6
    assert refusals[0]["code"] == "not_found"
    for friend_id in (alice["user"]["id"], carol["user"]["id"], "0" * 24):
        assert (await c.ask("join_chat", {"friend_id": friend_id}))["error"]["code"] == "not_friends"
        sent = await c.ask("send_message", {"friend_id": friend_id, "content": "x"})
        assert sent["error"]["code"] == "not_friends"
    await c.ask("leave_chat", {"conversation_id": conversation_id})
    await a.ask("send_message", {"conversation_id": conversation_id, "content": "secret"})
    await a.next("new_message")
    assert (await c.ask("ping"))["ok"]
    assert await c.next("pong")
    assert c.events.empty()


@pytest.mark.gen_test
async def test_what_cannot_be_is_refused_and_stores_nothing(server: ProductServer) -> None:
    alice, bob = await server.friends()
    client = await server.chat(alice)
    for event, impossible in IMPOSSIBLE:
        payload = impossible
        if isinstance(impossible, dict) and impossible.get("friend_id") == "f":
            payload = {**impossible, "friend_id": bob["user"]["id"]}
        answer = await client.ask(event, payload)
        assert (answer["ok"], answer["error"]["code"]) == (False, "invalid_input"), impossible
        await client.tell(event, payload)
        error = await client.next("error")
        assert error["code"] == "invalid_input", impossible
        assert error["message"]
    assert await server.community.database["messages"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_many_talk_at_once_and_everyone_hears_all_in_order(server: ProductServer) -> None:
    alice, bob = await server.friends()
    clients = [await server.chat(who) for who in (alice, bob, alice, bob)]
    for client, friend in zip(clients, (bob, alice, bob, alice), strict=True):
        joined = await client.ask("join_chat", {"friend_id": friend["user"]["id"]})
    conversation_id = joined["conversation"]["id"]
    acks = await asyncio.gather(
        *(
            client.ask("send_message", {"conversation_id": conversation_id, "content": f"{name}:{n}"})
            for name, client in enumerate(clients)
            for n in range(25)
        )
    )
    assert sorted(ack["message"]["seq"] for ack in acks) == list(range(1, 101))
    for name, client in enumerate(clients):
        heard = [(await client.next("new_message", between=PRESENCE))["message"] for _ in range(100)]
        assert [message["seq"] for message in heard] == list(range(1, 101))
        own = [message["content"] for message in heard if message["content"].startswith(f"{name}:")]
        assert own == [f"{name}:{n}" for n in range(25)]
