"""What happens before a session is opened: the application's hook, the cookie, and who hears of refusals."""

from __future__ import annotations

import asyncio
import logging
from http.cookies import SimpleCookie

import pytest

from server.protocol.engineio_request import Refusal, RequestFault
from server.protocol.engineio_session import CookieOptions
from server.realtime.engineio_server import REMEMBERED_ADDRESSES
from server.realtime.handshake import Handshake
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket
from tests.support.leftovers import ErrorLog
from tests.support.wire import Answer, Wire, request, upgrade_headers

POLLING = f"{SOCKET_PATH}?EIO=4&transport=polling"
WEBSOCKET = f"{SOCKET_PATH}?EIO=4&transport=websocket"


async def ask_upgrade(server: ProtocolServer, target: str = WEBSOCKET) -> Answer:
    async with await Wire.open(server.port) as wire:
        wire.send_request("GET", target, upgrade_headers())
        return await wire.answer()


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.gen_test
async def test_allow_request(server: ProtocolServer, is_async: bool) -> None:
    seen: list[Handshake] = []

    def decide(handshake: Handshake) -> str | None:
        seen.append(handshake)
        return None if handshake.query.get("key") == "good" else "the key is not good"

    async def decide_later(handshake: Handshake) -> str | None:
        await asyncio.sleep(0)
        return decide(handshake)

    server.sio.allow_request(decide_later if is_async else decide)
    refused = await request(server.port, "GET", f"{POLLING}&key=bad")
    assert (refused.status, refused.json()) == (403, {"code": 4, "message": "the key is not good"})
    refused = await ask_upgrade(server)
    assert (refused.status, refused.headers["connection"]) == (400, "close")
    assert refused.body == b"the key is not good"
    assert not server.sio.engine.clients
    opened = await request(server.port, "GET", f"{POLLING}&key=good")
    assert (opened.status, (await ask_upgrade(server, f"{WEBSOCKET}&key=good")).status) == (200, 101)
    assert [handshake.query.get("key") for handshake in seen] == ["bad", None, "good", "good"]
    assert {handshake.address for handshake in seen} == {"127.0.0.1"}


@pytest.mark.gen_test
async def test_hook_is_asked_only_for_new_sessions(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    server.sio.allow_request(lambda handshake: "no more")
    await client.post('421["message-with-ack","x"]')
    assert await client.poll() == ['431["x"]']


@pytest.mark.gen_test
async def test_hook_that_fails_refuses(server: ProtocolServer, logged_errors: ErrorLog) -> None:
    @server.sio.allow_request
    def fail(handshake: Handshake) -> None:
        raise LookupError(handshake.address)

    refused = await request(server.port, "GET", POLLING)
    assert (refused.status, refused.json()) == (403, {"code": 4, "message": "Forbidden"})
    assert len(logged_errors.pop_all()) == 1


@pytest.mark.gen_test
async def test_connection_errors_are_told_and_logged(
    server: ProtocolServer, caplog: pytest.LogCaptureFixture, logged_errors: ErrorLog
) -> None:
    told: list[tuple[int, str, str]] = []

    @server.sio.on_connection_error
    def fail(refusal: Refusal, handshake: Handshake) -> None:
        raise LookupError

    @server.sio.on_connection_error
    def note(refusal: Refusal, handshake: Handshake) -> None:
        told.append((refusal.fault.code, refusal.fault.message, handshake.url))

    server.sio.allow_request(lambda handshake: "closed today")
    with caplog.at_level(logging.INFO, "server"):
        await request(server.port, "GET", f"{SOCKET_PATH}?EIO=4")
        await request(server.port, "GET", f"{POLLING}&sid=unknown")
        await request(server.port, "POST", POLLING, body=b"4")
        await ask_upgrade(server, POLLING)
        await request(server.port, "GET", POLLING)
        await request(server.port, "GET", f"{SOCKET_PATH}?EIO=5&transport=polling")
    assert told == [
        (fault.code, fault.message, SOCKET_PATH) for fault in sorted(RequestFault, key=lambda fault: fault.code)
    ]
    lines = [line for line in caplog.messages if line.startswith("engine.io refused: from=127.0.0.1 code=")]
    assert [line.partition("code=")[2][0] for line in lines] == ["0", "1", "2", "3", "4", "5"]
    assert len(logged_errors.pop_all()) == 6


@pytest.mark.parametrize("query", ["EIO=4&transport=x%0AERROR+forged", "EIO=%0AERROR+forged&transport=polling"])
@pytest.mark.gen_test
async def test_refusal_is_one_line_of_log(server: ProtocolServer, caplog: pytest.LogCaptureFixture, query: str) -> None:
    with caplog.at_level(logging.INFO, "server"):
        await request(server.port, "GET", f"{SOCKET_PATH}?{query}")
    (line,) = [line for line in caplog.messages if line.startswith("engine.io refused")]
    assert "forged" in line and "\n" not in line


@pytest.mark.gen_test
async def test_addresses_that_are_remembered_are_bounded(
    server: ProtocolServer, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = Refusal(RequestFault.UNSUPPORTED_VERSION, "")

    def note(number: int) -> None:
        server.sio.engine.note_refusal(
            refusal,
            Handshake(
                headers={}, query={}, address=str(number), url="", secure=False, issued=server.clock.now(), auth=None
            ),
        )

    with caplog.at_level(logging.INFO, "server"):
        for number in (*range(REMEMBERED_ADDRESSES + 1), 0, REMEMBERED_ADDRESSES):
            note(number)
    assert len(caplog.messages) == REMEMBERED_ADDRESSES + 2  # the first was forgotten, the last was not


@pytest.mark.gen_test
async def test_foreign_origin_is_told(server: ProtocolServer) -> None:
    told: list[str] = []
    server.sio.on_connection_error(lambda refusal, handshake: told.append(refusal.detail))
    server.sio.engine.origins = type(server.sio.engine.origins)()
    refused = await request(server.port, "GET", POLLING, {"Origin": "http://elsewhere"})
    assert (refused.status, [refused.json()["message"]]) == (403, told)
    assert "http://elsewhere" in told[0] and "SOCKETIO_CORS_ORIGINS" in told[0]


@pytest.mark.parametrize(
    ("options", "attributes"),
    [
        (CookieOptions(), {"path": "/", "httponly": True, "samesite": "Lax", "secure": ""}),
        (
            CookieOptions("sticky", "/socket.io/", http_only=False, same_site="None", secure=True),
            {"path": "/socket.io/", "httponly": "", "samesite": "None", "secure": True},
        ),
    ],
)
@pytest.mark.gen_test
async def test_cookie(server: ProtocolServer, options: CookieOptions, attributes: dict[str, object]) -> None:
    server.sio.engine.options = server.sio.engine.options._replace(cookie=options)
    opened = await request(server.port, "GET", POLLING)
    upgraded = await ask_upgrade(server)
    sids = set(server.sio.engine.clients)
    for answer in (opened, upgraded):
        cookie = SimpleCookie(answer.headers["set-cookie"])[options.name]
        sids.discard(cookie.value)
        assert {name: cookie[name] for name in attributes} == attributes
    assert not sids
    polled = await request(server.port, "POST", f"{POLLING}&sid={next(iter(server.sio.engine.clients))}", body=b"40")
    assert "set-cookie" not in polled.headers


@pytest.mark.gen_test
async def test_no_cookie_unless_asked_for(server: ProtocolServer) -> None:
    assert "set-cookie" not in (await request(server.port, "GET", POLLING)).headers
    assert "set-cookie" not in (await ask_upgrade(server)).headers


@pytest.mark.gen_test
async def test_too_large_a_frame_says_what_is_allowed(server: ProtocolServer, caplog: pytest.LogCaptureFixture) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    with caplog.at_level(logging.INFO, "server"):
        socket.send(b"\x81\xff" + (1_000_001).to_bytes(8, "big") + b"mask")
        closed = await socket.closed()
        await socket.ended()
    allowed = "a message of at least 1000001 bytes; 1000000 are allowed (max_http_buffer_size)"
    assert (closed.code, closed.reason) == (1009, allowed)
    assert [allowed in line for line in caplog.messages if line.startswith("engine.io close")] == [True]


@pytest.mark.gen_test
async def test_wrong_parser_says_which_are_allowed(server: ProtocolServer, caplog: pytest.LogCaptureFixture) -> None:
    socket = await Socket.start(server, SOCKET_PATH)
    with caplog.at_level(logging.INFO, "server"):
        socket.send_binary(b"\x00custom")
        closed = await socket.closed()
    assert closed.code == 1002
    assert "msgpack" in closed.reason
    (line,) = [line for line in caplog.messages if line.startswith("engine.io close")]
    assert "the first message is binary, but no packet of socket.io-msgpack-parser" in line
    assert "allowed are that parser and the default one" in line


@pytest.mark.gen_test
async def test_client_that_leaves_while_the_hook_thinks_gets_no_session(server: ProtocolServer) -> None:
    asked, decided = asyncio.Event(), asyncio.Event()

    @server.sio.allow_request
    async def think(handshake: Handshake) -> None:
        asked.set()
        await decided.wait()

    wire = await Wire.open(server.port)
    wire.send_request("GET", POLLING)
    await asked.wait()
    wire.reset()
    server.sio.allow_request(lambda handshake: None)
    for _ in range(20):
        await request(server.port, "GET", f"{POLLING}&sid=unknown")  # the server's loop has turned, and seen the reset
    decided.set()
    await request(server.port, "GET", f"{POLLING}&sid=unknown")
    assert not server.sio.engine.clients


@pytest.mark.gen_test
async def test_hook_whose_wait_is_cancelled_refuses(server: ProtocolServer, logged_errors: ErrorLog) -> None:
    @server.sio.allow_request
    async def wait(handshake: Handshake) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    assert (await request(server.port, "GET", POLLING)).status == 403
    assert len(logged_errors.pop_all()) == 1
