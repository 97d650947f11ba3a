"""What operators do to accounts, and that it is felt on every transport at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

from handlers.streams.prices import PriceStreamHandler
from server.auth.access import Access, require
from server.domain.users import Role
from server.errors import ErrorCode, RequestError
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.prices import price_service
from tests.support.product_server import PER_ACCOUNT, ProductServer

ALICE = {"username": "alice", "password": "correct horse"}
PATIENCE_SECONDS = 30
"""Within this everything of a banned user is cut."""


def ban_of(sign_in: Any) -> str:
    return f"/api/users/{sign_in['user']['id']}/ban"


@pytest.fixture
def open_server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    """A server as in development, where who sits at the machine may do what operators may."""

    async def start() -> ProductServer:
        return ProductServer(database, operator_without_token=True)

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


@pytest.mark.gen_test
async def test_operators_ban_and_others_do_not(server: ProductServer) -> None:
    alice, bob, chief = await server.register("alice"), await server.register("bob"), await server.operator()
    for token, status, slug in ((None, 401, "unauthorized"), (bob["access_token"], 403, "forbidden")):
        for method in ("POST", "DELETE"):
            refused = await server.call(method, ban_of(alice), token=token)
            assert (refused.status, refused.data) == (status, {"error": slug})
    cookie = {"Cookie": f"stock_insight_session={chief['refresh_token']}"}
    assert (await server.call("POST", ban_of(alice), headers=cookie)).status == 401
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).status == 200
    answer = await server.call("POST", ban_of(alice), {"reason": " spam "}, chief["access_token"])
    assert (answer.status, answer.data) == (200, None)
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).status == 401
    assert (await server.call("GET", "/api/users/me", token=bob["access_token"])).status == 200


@pytest.mark.gen_test
async def test_only_who_knows_the_password_learns_of_the_ban(server: ProductServer) -> None:
    alice, chief = await server.register("alice"), await server.operator()
    await server.call("POST", ban_of(alice), {"reason": "spam"}, chief["access_token"])
    right = await server.call("POST", "/api/auth/login", ALICE, headers={"Accept-Language": "en"})
    assert (right.status, right.data, right.json["message"]) == (
        403,
        {"error": "banned"},
        "This account is banned: spam",
    )
    assert "Set-Cookie" not in right.headers
    wrong = await server.call("POST", "/api/auth/login", ALICE | {"password": "wrong horse"})
    nobody = await server.call("POST", "/api/auth/login", ALICE | {"username": "nobody"})
    assert wrong.json == nobody.json
    refreshed = await server.call("POST", "/api/auth/refresh", {"refresh_token": alice["refresh_token"]})
    unknown = await server.call("POST", "/api/auth/refresh", {"refresh_token": "x.y"})
    assert refreshed.json == unknown.json
    cookie = {"Cookie": f"stock_insight_session={alice['refresh_token']}"}
    assert (await server.call("GET", "/api/users/me", headers=cookie)).status == 401


@pytest.mark.gen_test
async def test_who_is_banned_does_not_limit_oneself_by_the_right_password(timed_server: ProductServer) -> None:
    alice, chief = await timed_server.register("alice"), await timed_server.operator()
    await timed_server.call("POST", ban_of(alice), token=chief["access_token"])
    for _ in range(PER_ACCOUNT + 1):
        assert (await timed_server.call("POST", "/api/auth/login", ALICE)).status == 403


@pytest.mark.gen_test
async def test_a_ban_is_lifted_and_old_sign_ins_stay_ended(server: ProductServer) -> None:
    alice, chief = await server.register("alice"), await server.operator()
    for _ in range(2):  # once more is no error
        assert (await server.call("POST", ban_of(alice), token=chief["access_token"])).status == 200
    for _ in range(2):
        assert (await server.call("DELETE", ban_of(alice), token=chief["access_token"])).status == 200
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).status == 401
    assert (await server.call("POST", "/api/auth/login", ALICE)).status == 200


@pytest.mark.gen_test
async def test_operators_and_nobody_cannot_be_banned(server: ProductServer) -> None:
    chief, other = await server.operator(), await server.operator("other")
    for whom in (chief, other):
        refused = await server.call("POST", ban_of(whom), token=chief["access_token"])
        assert (refused.status, refused.data) == (403, {"error": "forbidden"})
    for user_id in ("0" * 24, "x", "%00", "me", "$where"):
        for method in ("POST", "DELETE"):
            missing = await server.call(method, f"/api/users/{user_id}/ban", token=chief["access_token"])
            assert (missing.status, missing.data) == (404, {"error": "not_found"})
    for reason in ("x" * 501, 7, None, "a\0b"):
        bad = await server.call("POST", ban_of(other), {"reason": reason}, chief["access_token"])
        assert (bad.status, bad.data) == (400, {"error": "invalid_input"})


@pytest.mark.gen_test
async def test_a_change_of_role_holds_for_the_tokens_that_are_out(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    assert (await server.call("POST", ban_of(bob), token=alice["access_token"])).status == 403
    await server.community.users.promote(alice["user"]["id"])
    assert (await server.call("POST", ban_of(bob), token=alice["access_token"])).status == 200
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).data["role"] == "operator"
    users = server.community.database["users"]
    await users.update_one({"_id": alice["user"]["id"]}, {"$set": {"role": "member"}})
    assert (await server.call("DELETE", ban_of(bob), token=alice["access_token"])).status == 403


@pytest.mark.gen_test
async def test_at_the_machine_no_token_is_needed_in_development(open_server: ProductServer) -> None:
    server = open_server
    alice = await server.register("alice")
    own = f"http://127.0.0.1:{server.port}"
    for headers in (
        {"X-Forwarded-For": "127.0.0.1"},
        {"Host": "evil.example"},
        {"Origin": "http://allowed.example"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic eDp5"},
    ):
        assert (await server.call("POST", ban_of(alice), headers=headers)).status == 401, headers
    assert (await server.call("POST", ban_of(alice), token=alice["access_token"])).status == 403
    # What is a member's own still needs a token.
    assert (await server.call("GET", "/api/users/me")).status == 401
    cookie = {"Cookie": f"stock_insight_session={alice['refresh_token']}"}
    for headers in ({}, {"Origin": own}, cookie):
        assert (await server.call("POST", ban_of(alice), headers=headers)).status == 200
        assert (await server.call("DELETE", ban_of(alice), headers=headers)).status == 200


class Poller:
    """A Socket.IO client that polls."""

    def __init__(self, server: ProductServer) -> None:
        self._server = server
        self._path = "/socket.io/?EIO=4&transport=polling"

    async def connect(self, token: str) -> None:
        opened = await self.poll()
        self._path += f"&sid={json.loads(opened[1:])['sid']}"
        await self._server.fetch(self._path, body=b"40" + json.dumps({"token": token}).encode())
        assert (await self.poll()).startswith("40{")

    async def poll(self) -> str:
        return (await self._server.fetch(self._path)).body.decode()


@pytest.mark.gen_test
async def test_a_ban_cuts_sockets_and_polls(server: ProductServer) -> None:
    alice, bob, chief = await server.register("alice"), await server.register("bob"), await server.operator()
    other = (await server.call("POST", "/api/auth/login", ALICE)).data
    sockets = [await server.chat(who) for who in (alice, alice, other)]
    kept = await server.chat(bob)
    poller = Poller(server)
    await poller.connect(other["access_token"])
    poll = asyncio.ensure_future(poller.poll())
    await server.call("POST", ban_of(alice), token=chief["access_token"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        for socket in sockets:
            await socket.disconnected.wait()
        assert await poll == "41"
    assert (await kept.ask("ping"))["ok"]
    for sign_in in (alice, other):
        refusal = (await server.connect({"token": sign_in["access_token"]})).connected.result()
        assert refusal["data"] == {"code": "unauthorized"}


@pytest.mark.gen_test
async def test_a_ban_cuts_the_price_stream(server: ProductServer) -> None:
    alice, chief = await server.register("alice"), await server.operator()
    clock = FakeClock()
    prices = price_service(server.runtime.hub, clock)
    given = {
        "runtime": server.runtime,
        "origins": server.services.origins,
        "prices": prices,
        "attendance": server.services.attendance,
        "authenticate": server.community.accounts.authenticate,
    }
    server.application.add_handlers(".*", [("/ws/stock/prices", PriceStreamHandler, given)])
    url = f"ws://127.0.0.1:{server.port}/ws/stock/prices?token={alice['access_token']}"
    stream = await websocket_connect(url)
    assert json.loads(str(await stream.read_message()))["type"] == "connected"
    await server.call("POST", ban_of(alice), token=chief["access_token"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await stream.read_message() is None
    assert stream.close_code == 4401
    again = await websocket_connect(url)
    assert await again.read_message() is None
    assert again.close_code == 4401
    for connection in (stream, again):
        connection.close()


@pytest.mark.gen_test
async def test_a_sign_in_under_way_does_not_outlive_the_ban(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is banned between the look at it and the new login session."""
    alice = await server.register("alice")
    sessions = server.community.sessions
    add = sessions.add

    async def add_after_the_ban(*args: Any) -> None:
        await server.community.moderation.ban(alice["user"]["id"], "")
        await add(*args)

    monkeypatch.setattr(sessions, "add", add_after_the_ban)
    answer = await server.call("POST", "/api/auth/login", ALICE)
    assert (answer.status, answer.data) == (401, {"error": "invalid_credentials"})
    assert await server.community.database["login_sessions"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_a_sign_in_by_the_old_password_does_not_outlive_it(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.register("alice")
    sessions = server.community.sessions
    add = sessions.add

    async def add_after_the_change(*args: Any) -> None:
        monkeypatch.undo()
        community = server.community
        account = await community.users.find_account("alice")
        assert account is not None
        await community.users.replace_password(account.user.id, account.password_hash, "another")
        await community.accounts.logout_everywhere(account.user.id)
        await add(*args)

    monkeypatch.setattr(sessions, "add", add_after_the_change)
    assert (await server.call("POST", "/api/auth/login", ALICE)).status == 401
    assert await server.community.database["login_sessions"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_a_login_session_left_of_a_banned_user_opens_nothing(server: ProductServer) -> None:
    """As after a crash between the ban and its end of the sessions."""
    alice = await server.register("alice")
    assert await server.community.users.ban(alice["user"]["id"], "", server.clock.now())
    assert (await server.call("GET", "/api/users/me", token=alice["access_token"])).status == 401
    cookie = {"Cookie": f"stock_insight_session={alice['refresh_token']}"}
    assert (await server.call("GET", "/api/users/me", headers=cookie)).status == 401
    refreshed = await server.call("POST", "/api/auth/refresh", {"refresh_token": alice["refresh_token"]})
    assert (refreshed.status, refreshed.data) == (401, {"error": "unauthorized"})
    refusal = (await server.connect({"token": alice["access_token"]})).connected.result()
    assert refusal["data"] == {"code": "unauthorized"}


@pytest.mark.gen_test
async def test_what_each_rule_lets_pass(server: ProductServer) -> None:
    tokens = {"member": await server.register("alice"), "operator": await server.operator()}
    who = {name: await server.community.accounts.authenticate(one["access_token"]) for name, one in tokens.items()}
    assert [who[name].role for name in who] == [Role.MEMBER, Role.OPERATOR]
    for access, caller, code in (
        (Access.PUBLIC, None, None),
        (Access.MEMBER, None, ErrorCode.UNAUTHORIZED),
        (Access.MEMBER, who["member"], None),
        (Access.MEMBER, who["operator"], None),
        (Access.OPERATOR, None, ErrorCode.UNAUTHORIZED),
        (Access.OPERATOR, who["member"], ErrorCode.FORBIDDEN),
        (Access.OPERATOR, who["operator"], None),
    ):
        if code is None:
            require(access, caller)
            continue
        with pytest.raises(RequestError) as refused:
            require(access, caller)
        assert refused.value.code is code
