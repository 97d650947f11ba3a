from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.product_server import ProductServer

CONTENTS = ("贵州茅台涨停", "NVDA up", "茅台 & 五粮液", "hello nvda")


async def talk(server: ProductServer) -> tuple[Any, Any, str]:
    """Let alice and bob talk; return them and where the history is."""
    alice, bob = await server.friends()
    chats = [await server.chat(alice), await server.chat(bob)]
    friends = [bob["user"]["id"], alice["user"]["id"]]
    for number, content in enumerate(CONTENTS):
        payload = {"friend_id": friends[number % 2], "content": content}
        sent = await chats[number % 2].ask("send_message", payload)
    await chats[0].ask("send_message", {"friend_id": friends[0], "content": "600519", "type": "stock"})
    return alice, bob, f"/api/conversations/{sent['message']['conversation_id']}/messages"


@pytest.mark.gen_test
async def test_the_history_is_searched(server: ProductServer) -> None:
    alice, bob, path = await talk(server)
    created = (await server.call("GET", path, token=bob["access_token"])).data["messages"]
    third = quote(created[2]["created_at"])
    assert created[2]["seq"] == 3
    later = [message["seq"] for message in created if message["created_at"] >= created[2]["created_at"]]
    earlier = [message["seq"] for message in created if message["created_at"] < created[2]["created_at"]]
    for query, seqs, has_more in (
        (f"q={quote('茅台')}", [5, 3, 1], False),
        (f"q={quote('茅台')}&limit=2", [5, 3], True),
        (f"q={quote('茅台')}&before_seq=5&after_seq=1", [3], False),
        ("q=nv", [4, 2], False),
        ("q=NVDA%20hello", [4], False),
        (f"q={quote('茅台')}&type=text&from={bob['user']['id']}", [], False),
        (f"q={quote('茅台')}&type=text&from={alice['user']['id']}", [3, 1], False),
        ("type=stock", [5], False),
        ("type=stock&q=", [5], False),
        (f"since={third}", later, False),
        (f"until={third}", earlier, False),
        (f"since={created[2]['created_at']}", later, False),  # its + is a space in a URL
        ("since=2020-01-01T00:00:00Z&until=2099-01-01T00:00:00%2B08:00&limit=1", [5], True),
        ("around_seq=3&limit=3", [4, 3, 2], True),
        (f"at={third}&limit=2", [later[-1], later[-1] - 1], True),
        ("at=2099-01-01T00:00:00Z&limit=4", [5, 4], True),
    ):
        answer = await server.call("GET", f"{path}?{query}", token=bob["access_token"])
        assert answer.status == 200, answer.json
        assert ([message["seq"] for message in answer.data["messages"]], answer.data["has_more"]) == (seqs, has_more), (
            query
        )
    around = (await server.call("GET", f"{path}?around_seq=1", token=bob["access_token"])).data
    assert {key: value for key, value in around.items() if key != "messages"} == {
        "has_more": False,
        "has_before": False,
        "has_after": False,
    }


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("since=2026-01-05T10:00:00", "got since '2026-01-05T10:00:00', allowed is a time as ISO 8601 with offset"),
        ("until=yesterday", "got until 'yesterday', allowed is a time"),
        ("at=0001-01-01T00:00:00%2B14:00", "got at '0001-01-01T00:00:00+14:00', allowed is a time"),
        ("since=9999-12-31T23:59:59-14:00", "got since"),
        ("at=%00", "got at"),
        ("q=!", "q holds no letter, digit or CJK character"),
        ("q=" + "x" * 101, "q has 101 characters, allowed are 1 to 100"),
        ("type=video", "got type 'video', allowed are: text, stock"),
        ("from=alice", "got from 'alice', allowed is the id of a user"),
        ("around_seq=-1", "around_seq"),
        ("around_seq=1&before_seq=3", "around_seq and at are given alone, or with limit"),
        ("around_seq=1&at=2026-01-05T10:00:00Z", "around_seq and at are given alone, or with limit"),
        ("at=2026-01-05T10:00:00Z&q=x", "around_seq and at are given alone, or with limit"),
        ("at=2026-01-05T10:00:00Z&since=2026-01-05T10:00:00Z", "around_seq and at are given alone"),
    ],
)
@pytest.mark.gen_test
async def test_what_cannot_be_asked_is_explained(server: ProductServer, query: str, detail: str) -> None:
    alice = await server.register("alice")
    path = f"/api/conversations/{'0' * 24}/messages?{query}"
    answer = await server.call("GET", path, token=alice["access_token"])
    assert (answer.status, answer.data) == (400, {"error": "invalid_input"})
    assert detail in answer.json["message"]


@pytest.mark.gen_test
async def test_a_stranger_searches_in_vain(server: ProductServer) -> None:
    _, _, path = await talk(server)
    carol = await server.register("carol")
    unknown = f"/api/conversations/{'0' * 24}/messages"
    for query in ("q=nvda", "type=stock", "around_seq=1", "at=2026-01-05T10:00:00Z", f"from={'0' * 24}"):
        answers = [
            await server.call("GET", f"{where}?{query}", token=carol["access_token"]) for where in (path, unknown)
        ]
        assert answers[0].status == 404
        assert answers[0].json == answers[1].json
