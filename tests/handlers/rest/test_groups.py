from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from server.domain.conversations import Joined
from server.domain.rooms import conversation_room
from server.domain.users import Principal
from server.storage.availability import unavailable
from tests.support.product_server import ChatClient, ProductServer, RestAnswer


class Person:
    """Somebody who is signed in."""

    def __init__(self, server: ProductServer, sign_in: Any) -> None:
        self.server = server
        self.sign_in = sign_in
        self.id: str = sign_in["user"]["id"]

    async def call(self, method: str, path: str, body: Any = None) -> RestAnswer:
        return await self.server.call(method, f"/api/conversations{path}", body, self.sign_in["access_token"])

    async def chat(self) -> ChatClient:
        return await self.server.chat(self.sign_in)


async def people(server: ProductServer, *names: str) -> list[Person]:
    """Sign in these; the first is a friend of all others."""
    found = [Person(server, await server.register(name)) for name in names]
    for other in found[1:]:
        await server.community.friendships.befriend(found[0].id, other.id, server.clock.now())
    return found


async def group(owner: Person, *others: Person) -> str:
    made = await owner.call("POST", "", {"name": "Investors", "members": [other.id for other in others]})
    assert made.status == 201, made.json
    return str(made.data["conversation"]["id"])


async def next_update(client: ChatClient, key: str) -> Any:
    """Return the next `conversation_updated` that has this key."""
    async with asyncio.timeout(30):
        while key not in (update := await client.updates.get()):
            pass
        return update


def heard(client: ChatClient) -> list[Any]:
    """Return the `conversation_updated` that came and were not taken."""
    return [client.updates.get_nowait() for _ in range(client.updates.qsize())]


@pytest.mark.gen_test
async def test_a_group_is_made_and_its_members_talk(server: ProductServer) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    a, b, c = await alice.chat(), await bob.chat(), await carol.chat()
    made = await alice.call("POST", "", {"name": " 打板群 ", "members": [bob.id, carol.id, bob.id, alice.id]})
    assert made.status == 201
    view = made.data["conversation"]
    assert (view["kind"], view["name"], view["owner_id"]) == ("group", "打板群", alice.id)
    assert (view["member_count"], view["last_seq"], view["unread"]) == (3, 1, 0)
    assert {member["id"]: member["role"] for member in view["members"]} == {
        alice.id: "owner",
        bob.id: "member",
        carol.id: "member",
    }
    note = view["last_message"]
    assert (note["type"], note["content"], note["sender"]["id"]) == ("system", "", alice.id)
    assert note["system"] == {
        "action": "created",
        "actor_id": alice.id,
        "user_ids": [bob.id, carol.id],
        "name": "打板群",
    }
    for client in (a, b, c):
        update = await next_update(client, "changes")
        assert update["changes"] == [note["system"]]
        assert (update["name"], update["owner_id"], update["member_count"]) == ("打板群", alice.id, 3)
        joined = await client.ask("join_chat", {"conversation_id": view["id"]})
        assert joined["messages"] == [note]
        assert len(joined["conversation"]["members"]) == 3
    sent = await c.ask("send_message", {"conversation_id": view["id"], "content": "hi"})  # bob is no friend of carol's
    for client in (a, b, c):
        assert (await client.next("new_message"))["message"] == sent["message"]
    listed = await bob.call("GET", "")
    assert [one["unread"] for one in listed.data["conversations"]] == [2]


@pytest.mark.gen_test
async def test_who_may_do_what(server: ProductServer) -> None:
    owner, admin, member, other, friend = await people(server, "owner", "admin", "member", "other", "friend")
    [stranger] = await people(server, "stranger")
    befriend = server.community.friendships.befriend
    await befriend(admin.id, friend.id, server.clock.now())
    path = "/" + await group(owner, admin, member, other)
    assert (await owner.call("PATCH", f"{path}/members/{admin.id}", {"role": "admin"})).status == 200

    async def refusal(who: Person, method: str, tail: str, body: Any = None) -> str:
        answer = await who.call(method, path + tail, body)
        return str(answer.data["error"]) if answer.status >= 400 else ""

    for who, error in ((stranger, "not_found"), (member, "forbidden")):
        assert await refusal(who, "PATCH", "", {"name": "x"}) == error
        assert await refusal(who, "PATCH", f"/members/{other.id}", {"role": "admin"}) == error
        assert await refusal(who, "DELETE", f"/members/{other.id}") == error
    await befriend(member.id, friend.id, server.clock.now())
    assert await refusal(member, "POST", "/members", {"user_ids": [friend.id]}) == "forbidden"
    assert await refusal(stranger, "POST", "/members", {"user_ids": [friend.id]}) == "not_found"
    assert await refusal(stranger, "DELETE", f"/members/{stranger.id}") == "not_found"
    assert await refusal(admin, "PATCH", f"/members/{other.id}", {"role": "admin"}) == "forbidden"
    assert await refusal(admin, "DELETE", f"/members/{owner.id}") == "forbidden"
    assert await refusal(admin, "DELETE", f"/members/{stranger.id}") == "not_found"
    for nobody in (stranger.id, "0" * 24, "nonsense"):
        assert await refusal(admin, "POST", "/members", {"user_ids": [nobody]}) == "not_friends"
    assert await refusal(owner, "PATCH", f"/members/{owner.id}", {"role": "admin"}) == "conflict"
    assert await refusal(owner, "PATCH", f"/members/{other.id}", {"role": "king"}) == "invalid_input"
    for name in ("", "   ", "x" * 65, "a\0b", "\ud800", "a\u202eb"):
        assert await refusal(admin, "PATCH", "", {"name": name}) == "invalid_input", name
    assert await refusal(admin, "POST", "/members", {"user_ids": []}) == "invalid_input"
    assert await refusal(admin, "POST", "/members", {"user_ids": [str(n) for n in range(501)]}) == "invalid_input"

    assert await refusal(admin, "PATCH", "", {"name": "New name"}) == ""
    assert await refusal(admin, "POST", "/members", {"user_ids": [friend.id]}) == ""
    assert await refusal(admin, "DELETE", f"/members/{friend.id}") == ""
    assert await refusal(owner, "DELETE", f"/members/{admin.id}") == ""
    assert await refusal(member, "DELETE", f"/members/{member.id}") == ""
    shown = (await owner.call("GET", path)).data["conversation"]
    assert shown["name"] == "New name"
    assert {one["id"]: one["role"] for one in shown["members"]} == {owner.id: "owner", other.id: "member"}
    assert (await member.call("GET", path)).status == 404
    history = (await owner.call("GET", f"{path}/messages")).data["messages"]
    told = [message["system"]["action"] for message in history[::-1]]
    assert told == ["created", "role_changed", "renamed", "added", "removed", "removed", "left"]


@pytest.mark.gen_test
async def test_a_conversation_of_two_is_no_group(server: ProductServer) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    a = await alice.chat()
    joined = await a.ask("join_chat", {"friend_id": bob.id})
    path = "/" + joined["conversation"]["id"]
    for answer in (
        await alice.call("PATCH", path, {"name": "x"}),
        await alice.call("POST", f"{path}/members", {"user_ids": [carol.id]}),
        await alice.call("DELETE", f"{path}/members/{bob.id}"),
        await alice.call("DELETE", f"{path}/members/{alice.id}"),
        await alice.call("PATCH", f"{path}/members/{bob.id}", {"role": "admin"}),
    ):
        assert (answer.status, answer.data["error"]) == (409, "conflict")
    assert (await carol.call("DELETE", f"{path}/members/{carol.id}")).status == 404


@pytest.mark.gen_test
async def test_who_is_removed_is_out_at_once(server: ProductServer) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    conversation_id = await group(alice, bob, carol)
    a, b, b2, c = await alice.chat(), await bob.chat(), await bob.chat(), await carol.chat()
    for client in (a, b, b2, c):
        await client.ask("join_chat", {"conversation_id": conversation_id})
    await b.ask("typing", {"conversation_id": conversation_id, "is_typing": True})
    for client in (a, c):
        assert (await client.next("typing"))["is_typing"] is True

    assert (await alice.call("DELETE", f"/{conversation_id}/members/{bob.id}")).status == 200

    for client in (a, c):
        assert (await client.next("typing"))["is_typing"] is False
        note = (await client.next("new_message"))["message"]
        assert note["system"] == {"action": "removed", "actor_id": alice.id, "user_ids": [bob.id]}
        assert [person["username"] for person in note["people"]] == ["bob"]
    for client in (b, b2):
        update = await next_update(client, "removed")
        assert update == {"conversation_id": conversation_id, "removed": True}
        for event, payload in (
            ("join_chat", {}),
            ("send_message", {"content": "x"}),
            ("typing", {"is_typing": True}),
            ("mark_read", {"seq": 1}),
        ):
            answer = await client.ask(event, {"conversation_id": conversation_id, **payload})
            assert answer["error"]["code"] == "not_found", event
    await a.ask("send_message", {"conversation_id": conversation_id, "content": "without bob"})
    assert (await c.next("new_message"))["message"]["content"] == "without bob"
    await server.community.news.close()
    for client in (b, b2):
        await client.ask("app_ping")
        await client.next("app_pong")
        assert client.events.empty()
        assert not any("last_message" in update for update in heard(client))
    assert (await bob.call("GET", "")).data == {"conversations": []}

    assert (await alice.call("POST", f"/{conversation_id}/members", {"user_ids": [bob.id]})).status == 200
    joined = await b.ask("join_chat", {"conversation_id": conversation_id})
    assert (joined["conversation"]["unread"], len(joined["messages"])) == (1, 4)  # what was before counts as read


@pytest.mark.gen_test
async def test_the_owner_leaves_and_so_does_the_last(server: ProductServer) -> None:
    alice, bob, carol, dora = await people(server, "alice", "bob", "carol", "dora")
    conversation_id = await group(alice, bob)
    path = f"/{conversation_id}"
    for late in (carol, dora):
        assert (await alice.call("POST", f"{path}/members", {"user_ids": [late.id]})).status == 200
    assert (await alice.call("PATCH", f"{path}/members/{carol.id}", {"role": "admin"})).status == 200
    for leaving, heir in ((alice, carol), (carol, bob), (bob, dora)):
        assert (await leaving.call("DELETE", f"{path}/members/{leaving.id}")).status == 200
        shown = (await heir.call("GET", path)).data["conversation"]
        assert shown["owner_id"] == heir.id
        assert next(one["role"] for one in shown["members"] if one["id"] == heir.id) == "owner"
        history = (await heir.call("GET", f"{path}/messages?limit=2")).data["messages"]
        assert [message["system"] for message in history] == [
            {"action": "role_changed", "actor_id": leaving.id, "user_ids": [heir.id], "role": "owner"},
            {"action": "left", "actor_id": leaving.id, "user_ids": [leaving.id]},
        ]
        assert [[person["id"] for person in message["people"]] for message in history] == [[heir.id], [leaving.id]]
    assert (await dora.call("DELETE", f"{path}/members/{dora.id}")).status == 200
    for person in (alice, bob, carol, dora):
        assert (await person.call("GET", f"{path}/messages")).status == 404
    assert await server.community.database["messages"].count_documents({"conversation_id": conversation_id}) == 11


@pytest.mark.gen_test
async def test_handing_over(server: ProductServer) -> None:
    alice, bob = await people(server, "alice", "bob")
    path = f"/{await group(alice, bob)}"
    shown = (await alice.call("PATCH", f"{path}/members/{bob.id}", {"role": "owner"})).data["conversation"]
    assert shown["owner_id"] == bob.id
    assert {one["id"]: one["role"] for one in shown["members"]} == {alice.id: "admin", bob.id: "owner"}
    assert (await alice.call("PATCH", f"{path}/members/{bob.id}", {"role": "member"})).status == 403


@pytest.mark.gen_test
async def test_a_system_message_is_the_servers(server: ProductServer) -> None:
    alice, bob = await people(server, "alice", "bob")
    conversation_id = await group(alice, bob)
    a = await alice.chat()
    note = (await a.ask("join_chat", {"conversation_id": conversation_id}))["messages"][0]
    forged = {"conversation_id": conversation_id, "content": "x", "type": "system"}
    assert (await a.ask("send_message", forged))["error"]["code"] == "invalid_input"
    for event, payload in (("edit_message", {"content": "x"}), ("recall_message", {})):
        refused = await a.ask(event, {"message_id": note["id"], **payload})
        assert refused["error"]["code"] == "forbidden"


@pytest.mark.gen_test
async def test_pins_and_muting_are_ones_own(server: ProductServer) -> None:
    alice, bob = await people(server, "alice", "bob")
    first, second = await group(alice, bob), await group(alice, bob)
    elsewhere, b = await alice.chat(), await bob.chat()
    for body, told in (
        ({"pinned": True}, {"pinned": True, "muted_until": None}),
        (
            {"muted_until": "2999-01-01T08:00:00+08:00"},
            {"pinned": True, "muted_until": "2999-01-01T00:00:00.000+00:00"},
        ),
        ({"muted_until": None}, {"pinned": True, "muted_until": None}),
    ):
        answer = await alice.call("PATCH", f"/{first}/settings", body)
        assert answer.status == 200, answer.json
        view = answer.data["conversation"]
        assert (view["pinned"], view.get("muted_until")) == tuple(told.values())
        assert await next_update(elsewhere, "pinned") == {"conversation_id": first, **told}
    listed = (await alice.call("GET", "")).data["conversations"]
    assert [(one["id"], one["pinned"]) for one in listed] == [(first, True), (second, False)]
    listed = (await bob.call("GET", "")).data["conversations"]
    assert [(one["id"], one["pinned"]) for one in listed] == [(second, False), (first, False)]
    await b.ask("app_ping")
    assert not any("pinned" in told for told in heard(b))
    for wrong in (
        {"pinned": None},
        {"pinned": "yes"},
        {"muted_until": "2001-01-01T00:00:00Z"},
        {"muted_until": "2999-01-01T00:00:00"},
        {"muted_until": "9999-12-31T23:59:59-14:00"},
        {"muted_until": "0001-01-01T00:00:00+14:00"},
        {"muted_until": True},
    ):
        assert (await alice.call("PATCH", f"/{first}/settings", wrong)).data == {"error": "invalid_input"}, wrong
    assert (await alice.call("PATCH", f"/{'0' * 24}/settings", {"pinned": True})).status == 404


@pytest.mark.gen_test
async def test_so_many_pins_and_no_more(server: ProductServer) -> None:
    alice, bob = await people(server, "alice", "bob")
    groups = [await group(alice, bob) for _ in range(21)]
    for conversation_id in groups[:20] + groups[:1]:
        assert (await alice.call("PATCH", f"/{conversation_id}/settings", {"pinned": True})).status == 200
    refused = await alice.call("PATCH", f"/{groups[20]}/settings", {"pinned": True})
    assert (refused.status, refused.data) == (409, {"error": "limit_reached"})
    assert (await alice.call("PATCH", f"/{groups[0]}/settings", {"pinned": False})).status == 200
    assert (await alice.call("PATCH", f"/{groups[20]}/settings", {"pinned": True})).status == 200


@pytest.mark.gen_test
async def test_who_is_removed_while_entering_does_not_get_in(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await people(server, "alice", "bob")
    conversation_id = await group(alice, bob)
    b = await bob.chat()
    messages = server.community.message_repository
    newest = messages.newest
    reached, gate = asyncio.Event(), asyncio.Event()

    async def held(*args: Any) -> Any:
        reached.set()
        await gate.wait()
        return await newest(*args)

    with monkeypatch.context() as patch:
        patch.setattr(messages, "newest", held)
        entering = asyncio.ensure_future(b.ask("join_chat", {"conversation_id": conversation_id}))
        await reached.wait()
        assert (await alice.call("DELETE", f"/{conversation_id}/members/{bob.id}")).status == 200
        gate.set()
        assert (await entering)["error"]["code"] == "not_found"
    assert not server.runtime.hub.rooms().members(f"conversation:{conversation_id}")


@pytest.mark.gen_test
async def test_whose_membership_cannot_be_confirmed_does_not_stay(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await people(server, "alice", "bob")
    conversation_id = await group(alice, bob)
    b = await bob.chat()

    async def away(conversation: object) -> None:
        raise unavailable()

    with monkeypatch.context() as patch:
        patch.setattr(server.services.conversations, "members", away)
        refused = await b.ask("join_chat", {"conversation_id": conversation_id})
    assert refused["error"]["code"] == "unavailable"
    assert not server.runtime.hub.rooms().members(f"conversation:{conversation_id}")


@pytest.mark.gen_test
async def test_those_who_have_not_joined_hear_of_new_messages(server: ProductServer) -> None:
    alice, bob = await people(server, "alice", "bob")
    conversation_id = await group(alice, bob)
    inside, outside = await bob.chat(), await bob.chat()
    await inside.ask("join_chat", {"conversation_id": conversation_id})
    a = await alice.chat()
    sent = await a.ask("send_message", {"conversation_id": conversation_id, "content": "hello"})
    while (update := await next_update(outside, "last_message"))["last_seq"] < 2:
        pass
    assert update == {"conversation_id": conversation_id, "last_seq": 2, "last_message": sent["message"]}
    assert (await inside.next("new_message"))["message"] == sent["message"]
    await server.community.news.close()
    await inside.ask("app_ping")
    assert not any(told.get("last_seq") == 2 for told in heard(inside))


@pytest.mark.gen_test
async def test_the_list_shows_the_first_members_of_a_large_group(server: ProductServer) -> None:
    alice, *others = await people(server, *(f"user{n}" for n in range(13)))
    conversation_id = await group(alice, *others)
    late = (await people(server, "late"))[0]
    await server.community.friendships.befriend(alice.id, late.id, server.clock.now())
    assert (await alice.call("POST", f"/{conversation_id}/members", {"user_ids": [late.id]})).status == 200
    [listed] = (await late.call("GET", "")).data["conversations"]
    assert (len(listed["members"]), listed["member_count"]) == (10, 14)
    assert late.id not in {member["id"] for member in listed["members"]}
    assert listed["read"].keys() == {late.id}
    assert len((await late.call("GET", f"/{conversation_id}")).data["conversation"]["members"]) == 14


@pytest.mark.gen_test
async def test_the_answer_to_entering_comes_before_all_that_follows(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published as soon as a connection is in the room is not told to it before the older messages."""
    alice, bob = await people(server, "alice", "bob")
    conversation_id = await group(alice, bob)
    join, loop = server.community.messages.join, asyncio.get_running_loop()

    async def publishing(
        principal: Principal, here: str, friend_id: None, after_seq: int, enter: Callable[[str], None], revision: None
    ) -> Joined:
        def entering(entered: str) -> None:
            enter(entered)
            pong = {"timestamp": "2026-01-05T02:00:00.000+00:00"}
            loop.call_soon(server.runtime.hub.publish, conversation_room(entered), "pong", pong)

        return await join(principal, here, friend_id, after_seq, entering, revision)

    monkeypatch.setattr(server.community.messages, "join", publishing)
    client = await bob.chat()
    await client.ask("join_chat", {"conversation_id": conversation_id, "after_seq": 0})
    await client.next("pong")
    assert client.order == ["ack", "pong"]
