from __future__ import annotations

import pytest

from server.limits import Rate
from server.services.message_limits import MessageLimits
from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_cards_mentions_and_replies_reach_everyone_alike(server: ProductServer) -> None:
    alice, bob = await server.friends()
    a, b = await server.chat(alice), await server.chat(bob)
    joined = await b.ask("join_chat", {"friend_id": alice["user"]["id"]})
    to_bob = {"conversation_id": joined["conversation"]["id"]}
    card = (await a.ask("send_message", {**to_bob, "content": "600519", "type": "stock"}))["message"]
    assert card["stock"] == {"code": "600519", "symbol": "600519.SH", "name": "贵州茅台"}
    reply = await a.ask("send_message", {**to_bob, "content": "@bob look", "reply_to": card["id"]})
    assert reply["message"]["mentions"] == [bob["user"]["id"]]
    assert reply["message"]["reply"] == {
        **{key: card[key] for key in ("id", "seq", "sender", "type")},
        "content": "600519",
    }
    for message in (card, reply["message"]):
        assert (await b.next("new_message"))["message"] == message
    again = await b.ask("join_chat", to_bob)
    assert again["messages"] == [card, reply["message"]]
    await a.ask("recall_message", {"message_id": card["id"]})
    recalled = (await b.ask("join_chat", to_bob))["messages"][1]["reply"]
    assert (recalled["recalled"], recalled["content"]) == (True, "")


@pytest.mark.gen_test
async def test_all_connections_of_a_user_share_what_they_may_write(server: ProductServer) -> None:
    alice, bob = await server.friends()
    limits = MessageLimits(server.clock, Rate(2, 0.001))
    server.community.messages._limits = limits
    tabs = [await server.chat(alice) for _ in range(2)]
    to_bob = {"friend_id": bob["user"]["id"], "content": "x"}
    for tab in tabs:
        assert (await tab.ask("send_message", to_bob))["ok"]
    for tab in tabs:
        refused = (await tab.ask("send_message", to_bob))["error"]
        assert refused["code"] == "rate_limited"
        assert 900 < refused["retry_after"] <= 1000
    to_alice = {"friend_id": alice["user"]["id"], "content": "x"}
    assert (await (await server.chat(bob)).ask("send_message", to_alice))["ok"]


@pytest.mark.parametrize("content", [" \n", "\u200b", "a\x1bb", "a\rb"])
@pytest.mark.gen_test
async def test_what_nobody_could_read_is_not_sent(server: ProductServer, content: str) -> None:
    alice, bob = await server.friends()
    chat = await server.chat(alice)
    refused = await chat.ask("send_message", {"friend_id": bob["user"]["id"], "content": content})
    assert refused["error"]["code"] == "invalid_input"
