"""A logout and an expired token reach clients that poll, of either version, within one answer to a poll."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.realtime.token_expiry import GRACE_SECONDS
from tests.support.pollers import Poller
from tests.support.product_server import ProductServer

PATIENCE_SECONDS = 30.0


async def joined(server: ProductServer, version: int, sign_in: Any) -> Poller:
    poller = Poller(server, version, sign_in["access_token"])
    await poller.connect()
    assert len(server.sio.root.sockets) == 1
    return poller


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.parametrize("path", ["/api/auth/logout", "/api/auth/logout_all"])
@pytest.mark.gen_test
async def test_a_logout_reaches_an_open_poll(server: ProductServer, version: int, path: str) -> None:
    alice = await server.register("alice")
    poller = await joined(server, version, alice)
    hearing = asyncio.ensure_future(poller.until_packet("41"))
    assert (await server.call("POST", path, token=alice["access_token"])).status == 200
    assert not server.sio.root.sockets
    await asyncio.wait_for(hearing, PATIENCE_SECONDS)


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.gen_test
async def test_a_logout_reaches_a_client_between_two_polls(server: ProductServer, version: int) -> None:
    alice = await server.register("alice")
    poller = await joined(server, version, alice)
    await server.call("POST", "/api/auth/logout", token=alice["access_token"])
    await poller.post('42["refresh_token",{}]')  # nobody listens
    assert not server.sio.root.sockets
    await asyncio.wait_for(poller.until_packet("41"), PATIENCE_SECONDS)


@pytest.mark.parametrize("version", [4, 3])
@pytest.mark.gen_test
async def test_a_client_that_polls_hears_of_its_token_s_end(timed_server: ProductServer, version: int) -> None:
    server = timed_server
    server.community.tokens.lifetime_seconds = 10
    poller = await joined(server, version, await server.register("alice"))
    server.advance(10.2)
    await poller.until_packet('42["token_expired",')
    server.advance(GRACE_SECONDS / 2)
    assert server.sio.root.sockets
    server.advance(GRACE_SECONDS / 2 + 0.2)
    assert not server.sio.root.sockets
    await poller.until_packet("41")
