from __future__ import annotations

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_the_list_and_the_history(server: ProductServer) -> None:
    alice, bob = await server.friends()
    chat = await server.chat(alice)
    for content in ("one", "two", "three"):
        sent = await chat.ask("send_message", {"friend_id": bob["user"]["id"], "content": content, "type": "text"})
    conversation_id = sent["message"]["conversation_id"]
    await server.community.writer.close()

    listed = await server.call("GET", "/api/conversations", token=bob["access_token"])
    conversation = listed.data["conversations"][0]
    assert conversation["last_message"] == sent["message"]
    assert (conversation["id"], conversation["last_seq"], conversation["unread"]) == (conversation_id, 3, 3)

    path = f"/api/conversations/{conversation_id}/messages"
    for query, seqs, has_more in (
        ("", [3, 2, 1], False),
        ("?before_seq=&after_seq=&limit=", [3, 2, 1], False),
        ("?limit=2", [3, 2], True),
        ("?limit=1&limit=99999999999999999999999", [3, 2, 1], False),
        ("?before_seq=3", [2, 1], False),
        ("?after_seq=1&limit=1", [2], True),
    ):
        page = (await server.call("GET", path + query, token=bob["access_token"])).data
        assert ([message["seq"] for message in page["messages"]], page["has_more"]) == (seqs, has_more), query
    assert page["messages"][0]["content"] == "two"


@pytest.mark.gen_test
async def test_numbers_that_cannot_be(server: ProductServer) -> None:
    alice, _ = await server.friends()
    for query in (
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=1.5",
        "before_seq=9223372036854775808",
        "before_seq=99999999999999999999999999",
        "after_seq=-1",
        "after_seq=%ff",
        "after_seq=%00",
        "after_seq=" + "9" * 5000,
        "before_seq=NaN",
    ):
        path = f"/api/conversations/{'0' * 24}/messages?{query}"
        answer = await server.call("GET", path, token=alice["access_token"])
        assert (answer.status, answer.data) == (400, {"error": "invalid_input"}), query[:40]


@pytest.mark.gen_test
async def test_a_stranger_learns_nothing(server: ProductServer) -> None:
    alice, bob = await server.friends()
    carol = await server.register("carol")
    chat = await server.chat(alice)
    sent = await chat.ask("send_message", {"friend_id": bob["user"]["id"], "content": "secret"})
    answers = []
    for conversation_id in (sent["message"]["conversation_id"], "0" * 24, "nonsense", "%ED%A0%80", "%00", "$ne"):
        path = f"/api/conversations/{conversation_id}/messages"
        answer = await server.call("GET", path, token=carol["access_token"])
        answers.append((answer.status, answer.json))
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers[:3] + answers[5:])
    assert {status for status, _ in answers} <= {400, 404}
    listed = await server.call("GET", "/api/conversations", token=carol["access_token"])
    assert listed.data == {"conversations": []}
