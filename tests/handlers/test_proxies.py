"""Behind a proxy: whom its clients are taken for, by Tornado and by the front alike, and who is not believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.ioloop import IOLoop
from tornado.netutil import bind_unix_socket

from server.services.sign_in_limits import SignInLimits
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import REGISTRATIONS, ProductServer

CLIENT = "198.51.100.1"
FORWARDED = {"X-Forwarded-For": f"9.9.9.9, {CLIENT}", "X-Real-IP": "9.9.9.9", "X-Forwarded-Proto": "https"}
BELIEVED, NOT_BELIEVED = ("127.0.0.0/8",), ("192.0.2.0/24", "unix:")


def open_server(io_loop: IOLoop, database: Database, proxies: tuple[str, ...], in_front: bool) -> ProductServer:
    async def start() -> ProductServer:
        clock = FakeClock()
        limits = SignInLimits(clock, registrations=REGISTRATIONS)
        return ProductServer(database, clock, limits, proxies=proxies, in_front=in_front)

    started = io_loop.run_sync(start)
    assert isinstance(started, ProductServer)
    return started


@pytest.fixture(params=[True, False], ids=["front", "Tornado"])
def behind(request: pytest.FixtureRequest, io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    """A server that trusts the proxies of this machine."""
    server = open_server(io_loop, database, BELIEVED, request.param)
    yield server
    io_loop.run_sync(server.stop)


@pytest.fixture(params=[True, False], ids=["front", "Tornado"])
def alone(request: pytest.FixtureRequest, io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    """A server that trusts others than who connects."""
    server = open_server(io_loop, database, NOT_BELIEVED, request.param)
    yield server
    io_loop.run_sync(server.stop)


def own(server: ProductServer, scheme: str) -> dict[str, str]:
    return {"Origin": f"{scheme}://127.0.0.1:{server.port}"}


async def handshake_of(server: ProductServer, headers: dict[str, str]) -> tuple[str, bool]:
    """Connect by WebSocket; return what the server holds for the client's address, and whether it is secure."""
    sign_in = (await server.call("POST", "/api/auth/login", {"username": "alice", "password": "correct horse"})).data
    before = set(server.sio.root.sockets)
    client = await server.connect({"token": sign_in["access_token"]}, headers=headers)
    assert "sid" in client.connected.result()
    [socket_id] = set(server.sio.root.sockets) - before
    handshake = server.sio.root.sockets[socket_id].handshake
    return handshake.address, handshake.secure


@pytest.mark.gen_test
async def test_a_socket_is_its_client_s(behind: ProductServer) -> None:
    await behind.register("alice")
    assert await handshake_of(behind, FORWARDED) == (CLIENT, True)
    assert await handshake_of(behind, FORWARDED | own(behind, "https")) == (CLIENT, True)
    assert await handshake_of(behind, {"X-Real-IP": CLIENT}) == (CLIENT, False)
    assert await handshake_of(behind, {}) == ("127.0.0.1", False)
    with pytest.raises(HTTPClientError, match="403"):
        await behind.connect(headers=FORWARDED | own(behind, "http"))


@pytest.mark.gen_test
async def test_a_stranger_is_who_connects(alone: ProductServer) -> None:
    await alone.register("alice")
    assert await handshake_of(alone, FORWARDED) == ("127.0.0.1", False)
    assert await handshake_of(alone, FORWARDED | own(alone, "http")) == ("127.0.0.1", False)
    with pytest.raises(HTTPClientError, match="403"):
        await alone.connect(headers=FORWARDED | own(alone, "https"))


async def poll_statuses(server: ProductServer, headers: dict[str, str]) -> list[tuple[int, str | None]]:
    """Open a session and poll it once; return the status and CORS header of each answer."""
    path = "/socket.io/?EIO=4&transport=polling"
    opened = await server.fetch(path)
    sid = json.loads(opened.body[1:])["sid"]
    answers = [
        await server.fetch(path, headers=headers),
        await server.fetch(f"{path}&sid={sid}", body=b"40", headers=headers),
        await server.fetch(f"{path}&sid={sid}", headers=headers),
    ]
    return [(answer.code, answer.headers.get("Access-Control-Allow-Origin")) for answer in answers]


@pytest.mark.gen_test
async def test_a_poll_s_own_origin_follows_the_scheme(behind: ProductServer) -> None:
    for scheme, other in (("https", "http"), ("http", "https")):
        proto = {"X-Forwarded-Proto": scheme}
        allowed = own(behind, scheme)
        assert await poll_statuses(behind, proto | allowed) == [(200, allowed["Origin"])] * 3
        assert await poll_statuses(behind, proto | own(behind, other)) == [(403, None)] * 3


@pytest.mark.gen_test
async def test_a_stranger_s_poll_has_the_origin_it_has(alone: ProductServer) -> None:
    proto = {"X-Forwarded-Proto": "https"}
    allowed = own(alone, "http")
    assert await poll_statuses(alone, proto | allowed) == [(200, allowed["Origin"])] * 3
    assert await poll_statuses(alone, proto | own(alone, "https")) == [(403, None)] * 3


async def register_from(server: ProductServer, number: int, headers: dict[str, str]) -> Any:
    body = {"username": f"member{number}", "password": "correct horse"}
    return await server.call("POST", "/api/auth/register", body, headers=headers)


@pytest.mark.gen_test
async def test_each_client_of_a_proxy_has_its_own_limits(behind: ProductServer) -> None:
    for number in range(REGISTRATIONS + 2):
        answer = await register_from(behind, number, {"X-Forwarded-For": f"198.51.100.{number}"})
        assert answer.status == 201
    statuses = [
        # What stands left of the right-most stranger is what that one says itself.
        (await register_from(behind, 100 + number, {"X-Forwarded-For": f"198.51.{number}.7, 203.0.113.1"})).status
        for number in range(REGISTRATIONS + 1)
    ]
    assert statuses == [201] * REGISTRATIONS + [429]


@pytest.mark.gen_test
async def test_a_stranger_does_not_escape_its_limit(alone: ProductServer) -> None:
    statuses = [
        (await register_from(alone, number, {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": "9.9.9.9"})).status
        for number in range(REGISTRATIONS + 1)
    ]
    assert statuses == [201] * REGISTRATIONS + [429]


@pytest.mark.gen_test
async def test_the_cookie_is_secure_where_the_page_is(behind: ProductServer) -> None:
    for number, (headers, is_secure) in enumerate(((FORWARDED, True), ({}, False))):
        cookie = SimpleCookie((await register_from(behind, number, headers)).headers["Set-Cookie"])
        assert bool(cookie["stock_insight_session"]["secure"]) is is_secure


async def raw_addresses(server: ProductServer, where: Any, requests: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Send requests over one connection; return the address and scheme that the application had for each."""
    seen: list[tuple[str, str]] = []

    def note(handler: Any) -> None:
        seen.append((handler.request.remote_ip, handler.request.protocol))

    server.application.settings["log_function"] = note
    async with AsyncExitStack() as stack:
        reader, writer = await where
        stack.callback(writer.close)
        for headers in requests:
            lines = [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join(["GET /api/nothing HTTP/1.1", "Host: x", *lines, "\r\n"]).encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(line for line in head.split("\r\n") if line.startswith("Content-Length"))
            await reader.readexactly(int(length.partition(":")[2]))
        await stack.aclose()
        await writer.wait_closed()
    return seen


@pytest.mark.gen_test
async def test_what_one_request_says_does_not_hold_for_the_next(behind: ProductServer) -> None:
    where = asyncio.open_connection("127.0.0.1", behind.port)
    seen = await raw_addresses(behind, where, [FORWARDED, {}, FORWARDED | {"X-Forwarded-Proto": "http"}])
    assert seen == [(CLIENT, "https"), ("127.0.0.1", "http"), (CLIENT, "http")]


@pytest.mark.gen_test
async def test_a_unix_socket_is_believed_when_it_is_listed(
    alone: ProductServer, behind: ProductServer, tmp_path: Path
) -> None:
    for server, expected in ((alone, (CLIENT, "https")), (behind, ("0.0.0.0", "http"))):  # noqa: S104
        path = str(tmp_path / f"{server.port}.sock")
        server.front.add_socket(bind_unix_socket(path))
        assert await raw_addresses(server, asyncio.open_unix_connection(path), [FORWARDED]) == [expected]
