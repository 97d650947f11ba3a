"""An access token that runs out on an open socket: told, renewed in time, or disconnected."""

from __future__ import annotations

from typing import Any

import pytest

from server.domain.rooms import session_room
from server.realtime.token_expiry import GRACE_SECONDS
from tests.support.product_server import ChatClient, ProductServer

LIFETIME_SECONDS = 10


async def member(server: ProductServer, username: str) -> Any:
    """Return a sign-in whose tokens are short-lived: shorter than the heartbeats."""
    server.community.tokens.lifetime_seconds = LIFETIME_SECONDS
    return await server.register(username)


async def renewed(server: ProductServer, sign_in: Any) -> Any:
    return (await server.call("POST", "/api/auth/refresh", {"refresh_token": sign_in["refresh_token"]})).data


async def log_in(server: ProductServer, username: str) -> Any:
    return (await server.call("POST", "/api/auth/login", {"username": username, "password": "correct horse"})).data


async def expired(server: ProductServer, client: ChatClient) -> None:
    """Let the client's token expire."""
    server.advance(LIFETIME_SECONDS + 0.2)
    assert await client.next("token_expired") == {"disconnect_in_ms": 60_000}


def deadlines(server: ProductServer) -> int:
    return sum(len(bucket) for bucket in server.runtime.deadlines._buckets.values())


@pytest.mark.gen_test
async def test_a_client_that_brings_no_new_token_is_told_and_disconnected(timed_server: ProductServer) -> None:
    server = timed_server
    client = await server.chat(await member(server, "alice"))
    server.advance(LIFETIME_SECONDS - 1)
    assert (await client.ask("ping"))["ok"]
    assert client.order == ["pong", "ack"]
    await client.next("pong")
    server.advance(1.2)
    await client.next("token_expired")
    server.advance(GRACE_SECONDS - 1)
    assert (await client.ask("ping"))["ok"]
    assert server.sio.root.sockets
    server.advance(1.2)
    assert not server.sio.root.sockets
    await client.disconnected.wait()


@pytest.mark.gen_test
async def test_a_new_token_goes_on_from_then(timed_server: ProductServer) -> None:
    server = timed_server
    alice = await member(server, "alice")
    client = await server.chat(alice)
    await expired(server, client)
    alice = await renewed(server, alice)
    assert await client.ask("refresh_token", {"token": alice["access_token"]}) == {"ok": True}
    await expired(server, client)  # the next one too, as late as it says
    alice = await renewed(server, alice)
    assert (await client.ask("refresh_token", {"token": alice["access_token"]}))["ok"]
    server.advance(LIFETIME_SECONDS - 1)
    assert (await client.ask("ping"))["ok"]
    await client.next("pong")
    assert client.events.empty()


@pytest.mark.gen_test
async def test_a_token_renewed_before_it_expires_is_not_told_of(timed_server: ProductServer) -> None:
    server = timed_server
    alice = await member(server, "alice")
    client = await server.chat(alice)
    server.advance(LIFETIME_SECONDS / 2)
    alice = await renewed(server, alice)
    assert (await client.ask("refresh_token", {"token": alice["access_token"]}))["ok"]
    server.advance(LIFETIME_SECONDS - 1)
    assert (await client.ask("ping"))["ok"]
    assert client.order == ["ack", "pong", "ack"]


@pytest.mark.gen_test
async def test_a_token_that_does_not_hold_changes_nothing(timed_server: ProductServer) -> None:
    server = timed_server
    alice, bob = await member(server, "alice"), await member(server, "bob")
    client = await server.chat(alice)
    ended = await log_in(server, "alice")
    await server.call("POST", "/api/auth/logout", token=ended["access_token"])
    await expired(server, client)
    fresh = await renewed(server, bob)
    for token in (fresh["access_token"], alice["access_token"], alice["refresh_token"], "bad", "", "\ud800"):
        refused = await client.ask("refresh_token", {"token": token})
        assert (refused["ok"], refused["error"]["code"]) == (False, "unauthorized"), token
    server.community.tokens.lifetime_seconds = 600
    ended = await log_in(server, "alice")
    await server.call("POST", "/api/auth/logout", token=ended["access_token"])
    assert (await client.ask("refresh_token", {"token": ended["access_token"]}))["error"]["code"] == "unauthorized"
    server.advance(10)  # of the limit
    for shapeless in (None, {}, {"token": None}, {"token": 7}):
        assert (await client.ask("refresh_token", shapeless))["error"]["code"] == "invalid_input"
    server.advance(GRACE_SECONDS - 10 + 0.2)
    await client.disconnected.wait()


@pytest.mark.gen_test
async def test_the_token_of_another_sign_in_ties_the_socket_to_that_one(timed_server: ProductServer) -> None:
    server = timed_server
    here = await member(server, "alice")
    there = await log_in(server, "alice")
    client = await server.chat(here)
    assert (await client.ask("refresh_token", {"token": there["access_token"]}))["ok"]
    principals = [server.community.tokens.verify(who["access_token"]) for who in (here, there)]
    members = [len(server.runtime.hub.rooms().members(session_room(who.session_id))) for who in principals]
    assert members == [0, 1]
    await server.call("POST", "/api/auth/logout", token=here["access_token"])
    assert (await client.ask("ping"))["ok"]
    await server.call("POST", "/api/auth/logout", token=there["access_token"])
    await client.disconnected.wait()


@pytest.mark.gen_test
async def test_who_leaves_leaves_no_deadline(timed_server: ProductServer) -> None:
    server = timed_server
    alice = await member(server, "alice")
    kept = await server.chat(alice)
    before = deadlines(server)
    for _ in range(3):
        client = await server.chat(alice)
        assert deadlines(server) > before
        await client.close()
        while len(server.sio.root.sockets) > 1:
            await kept.ask("ping")
    assert deadlines(server) == before
