"""Presence as friends hear of it: over real connections of several kinds, with the time in the test's hand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from server.realtime.publication import Publication
from server.realtime.rooms import Member
from server.services.presence import BATCH_SECONDS, GRACE_SECONDS
from tests.support.pollers import Poller
from tests.support.product_server import ChatClient, ProductServer


async def pass_time(server: ProductServer, *spans: float) -> None:
    """Let time pass, and what is due then be told."""
    presence = server.community.presence
    for seconds in spans:
        await presence.settle()
        server.advance(seconds)
        await presence.settle()


async def silent(client: ChatClient) -> None:
    await client.ask("ping")
    await client.next("pong")
    assert client.events.empty()


async def gone(server: ProductServer, count: int) -> None:
    """Wait until so many connections are left."""
    async with asyncio.timeout(30):
        while len(server.sio.root.sockets) != count:
            await asyncio.sleep(0)


async def presence_of_friend(server: ProductServer, who: Any) -> Any:
    listed = await server.call("GET", "/api/friends", token=who["access_token"])
    [friend] = listed.data["friends"]
    return friend["presence"]


@pytest.mark.gen_test
async def test_friends_hear_once_of_several_devices(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await server.friends()
    carol = await server.register("carol")
    b, c = await server.chat(bob), await server.chat(carol)
    await pass_time(server, BATCH_SECONDS)
    tabs = [await server.chat(alice), await server.chat(alice)]
    for version in (3, 4):
        poller = Poller(server, version, alice["access_token"])
        await poller.connect()
    await pass_time(server, BATCH_SECONDS)
    told = await b.next("user_online")
    now = server.clock.now().isoformat(timespec="milliseconds")
    assert told == {"user_id": alice["user"]["id"], "state": "online", "last_seen": now}
    assert await presence_of_friend(server, bob) == {"state": "online", "last_seen": now}
    for tab in tabs:
        await tab.close()
    await gone(server, 4)
    await pass_time(server, GRACE_SECONDS, BATCH_SECONDS)
    for client in (b, c):
        await silent(client)
    assert (await server.call("POST", "/api/auth/logout_all", token=alice["access_token"])).status == 200
    left = server.clock.now().isoformat(timespec="milliseconds")
    await pass_time(server, GRACE_SECONDS / 2, GRACE_SECONDS / 2, BATCH_SECONDS)
    told = await b.next("user_offline")
    assert told == {"user_id": alice["user"]["id"], "state": "offline", "last_seen": left}
    assert await presence_of_friend(server, bob) == {"state": "offline", "last_seen": left}
    await silent(c)


@pytest.mark.gen_test
async def test_idle_when_every_tab_says_so(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await server.friends()
    b = await server.chat(bob)
    one, other = await server.chat(alice), await server.chat(alice)
    await pass_time(server, BATCH_SECONDS)
    await b.next("user_online")
    for tab, state, expected in ((one, "idle", None), (other, "idle", "idle"), (one, "online", "online")):
        assert await tab.ask("set_presence", {"state": state}) == {"ok": True}
        await pass_time(server, BATCH_SECONDS)
        if expected is not None:
            told = await b.next("user_presence")
            assert (told["user_id"], told["state"]) == (alice["user"]["id"], expected)
            assert await presence_of_friend(server, bob) == {"state": expected, "last_seen": told["last_seen"]}
        await silent(b)
    for refused in ("offline", "", None, 1):
        assert (await one.ask("set_presence", {"state": refused}))["error"]["code"] == "invalid_input"
    answers = [await one.ask("set_presence", {"state": "online"}) for _ in range(20)]
    assert answers[-1]["error"]["code"] == "rate_limited"


@pytest.mark.gen_test
async def test_a_reload_is_not_told(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await server.friends()
    a, b = await server.chat(alice), await server.chat(bob)
    await pass_time(server, BATCH_SECONDS)
    await a.next("user_online")
    await b.next("user_online")
    await a.close()
    await gone(server, 1)
    await pass_time(server, GRACE_SECONDS - 0.1)
    await server.chat(alice)
    await pass_time(server, 0.2, BATCH_SECONDS, GRACE_SECONDS, BATCH_SECONDS)
    await silent(b)


@pytest.mark.gen_test
async def test_a_client_that_is_behind_gets_the_newest(
    timed_server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = timed_server
    alice, bob = await server.friends()
    b = await server.chat(bob)
    published: list[Publication] = []
    deliver = server.runtime.hub.deliver

    def record(publication: Publication, members: Collection[Member]) -> None:
        published.append(publication)
        deliver(publication, members)

    monkeypatch.setattr(server.runtime.hub, "deliver", record)
    a = await server.chat(alice)
    for state in ("idle", "online"):
        await pass_time(server, BATCH_SECONDS)
        await a.ask("set_presence", {"state": state})
    await pass_time(server, BATCH_SECONDS)
    told = [one for one in published if one.args[0]["user_id"] == alice["user"]["id"]]
    assert [one.event for one in told] == ["user_online", "user_presence", "user_presence"]
    assert {(one.supersedes, one.must_arrive) for one in told} == {(("presence", alice["user"]["id"]), False)}
    await b.next("user_online")


@pytest.mark.gen_test
async def test_new_friends_learn_of_each_other_and_former_ones_nothing(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await server.register("alice"), await server.register("bob")
    a, b = await server.chat(alice), await server.chat(bob)
    await b.ask("set_presence", {"state": "idle"})
    await pass_time(server, BATCH_SECONDS)
    asked = await server.call("POST", "/api/friends/requests", {"username": "bob"}, token=alice["access_token"])
    await server.call("POST", f"/api/friends/requests/{asked.data['id']}/accept", token=bob["access_token"])
    for client, other, state in ((a, bob, "idle"), (b, alice, "online")):
        await client.next("friend_request")
        await client.next("friend_accepted")
        told = await client.next("user_presence")
        assert (told["user_id"], told["state"]) == (other["user"]["id"], state)
    await server.call("POST", f"/api/friends/{bob['user']['id']}/block", token=alice["access_token"])
    for client in (a, b):
        await client.next("friend_removed")
    await b.ask("set_presence", {"state": "online"})
    await a.ask("set_presence", {"state": "idle"})
    await pass_time(server, BATCH_SECONDS)
    for client in (a, b):
        await silent(client)


@pytest.mark.gen_test
async def test_connects_that_race_with_closing_and_signing_out_leave_nobody(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await server.friends()
    b = await server.chat(bob)
    await pass_time(server, BATCH_SECONDS)
    clients = await asyncio.gather(*(server.chat(alice) for _ in range(10)))
    coming = [asyncio.ensure_future(server.connect({"token": alice["access_token"]})) for _ in range(10)]
    closing = [asyncio.ensure_future(client.close()) for client in clients[::2]]
    await server.call("POST", "/api/auth/logout_all", token=alice["access_token"])
    await asyncio.gather(*coming, *closing)
    await gone(server, 1)
    await pass_time(server, BATCH_SECONDS, GRACE_SECONDS, BATCH_SECONDS)
    heard = []
    while not b.events.empty():
        heard.append(b.events.get_nowait())
    assert [event for event, _ in heard] == ["user_online", "user_offline"]
    assert list(server.community.presence._users) == [bob["user"]["id"]]
    await silent(b)
