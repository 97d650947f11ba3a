"""Engine.IO 4 over HTTP: handshake, framing of payloads, and the table of HTTP answers."""

from __future__ import annotations

import re

import pytest

from tests.support.engineio import (
    ENGINE_PATH,
    FAULTS,
    Polling,
    ProtocolServer,
    Socket,
    assert_fault,
    only_client,
    payload,
)
from tests.support.wire import Answer, Wire, request, upgrade_headers

HANDSHAKE = f"{ENGINE_PATH}?EIO=4&transport=polling"
MAX_PAYLOAD_BYTES = 1_000_000


def assert_empty(answer: Answer, status: int) -> None:
    assert (answer.status, answer.body) == (status, b"")


# Handshake.


@pytest.mark.gen_test
async def test_polling_handshake(server: ProtocolServer) -> None:
    answer = await request(server.port, "GET", HANDSHAKE)
    assert answer.status == 200
    assert answer.content_type == "text/plain; charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(
        rb'0{"sid":"[A-Za-z0-9_-]{20}","upgrades":\["websocket"\],'
        rb'"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}',
        answer.body,
    )


@pytest.mark.gen_test
async def test_sids_differ(server: ProtocolServer) -> None:
    sids = {(await Polling.open(server)).sid for _ in range(5)}
    assert len(sids) == 5


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("EIO=4", 0),
        ("EIO=4&transport=", 0),
        ("EIO=4&transport=abc", 0),
        ("EIO=4&transport=__proto__", 0),
        ("EIO=4&transport=Polling", 0),
        ("transport=polling", 5),
        ("EIO=abc&transport=polling", 5),
        ("EIO=03&transport=polling", 5),
        ("EIO=4&transport=polling&j=0", 3),
        ("EIO=3&transport=polling&j=0", 3),
        ("EIO=5&transport=polling", 5),
        ("EIO=4&transport=websocket", 3),
        ("EIO=4&transport=polling&sid=unknown", 1),
        ("EIO=4&transport=polling&sid=%ff%fe", 1),
        ("EIO=4&transport=websocket&sid=unknown", 1),
    ],
)
@pytest.mark.gen_test
async def test_refused_get(server: ProtocolServer, query: str, code: int) -> None:
    assert_fault(await request(server.port, "GET", f"{ENGINE_PATH}?{query}"), code)
    assert not server.echo.clients


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.gen_test
async def test_handshake_by_another_method(server: ProtocolServer, method: str) -> None:
    assert_fault(await request(server.port, method, HANDSHAKE, body=b"4a"), 2)


@pytest.mark.gen_test
async def test_post_to_an_unknown_sid(server: ProtocolServer) -> None:
    assert_fault(await request(server.port, "POST", f"{HANDSHAKE}&sid=unknown", body=b"4a"), 1)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("EIO=4&transport=abc", FAULTS[0]),
        ("EIO=4&transport=websocket&sid=unknown", FAULTS[1]),
        ("EIO=4&transport=polling", FAULTS[3]),
        ("EIO=5&transport=websocket", FAULTS[5]),
        ("transport=websocket", FAULTS[5]),
    ],
)
@pytest.mark.gen_test
async def test_refused_upgrade(server: ProtocolServer, query: str, message: str) -> None:
    async with await Wire.open(server.port) as wire:
        wire.send_request("GET", f"{ENGINE_PATH}?{query}", upgrade_headers())
        answer = await wire.answer()
        assert (answer.status, answer.content_type) == (400, "text/html")
        assert re.fullmatch(f"{message}: got .*", answer.body.decode())
        assert answer.headers["connection"] == "close"
        assert await wire.ended() == b""


@pytest.mark.parametrize("eio", ["EIO=3&", "EIO=5&", ""])
@pytest.mark.gen_test
async def test_eio_differing_from_the_sessions(server: ProtocolServer, eio: str) -> None:
    client = await Polling.open(server)
    target = f"{ENGINE_PATH}?{eio}transport=polling&sid={client.sid}"
    assert_fault(await request(server.port, "GET", target), 3)
    assert_fault(await request(server.port, "POST", target, body=b"4a"), 3)
    await client.post("4still there")
    assert await client.poll() == ["4still there"]


@pytest.mark.gen_test
async def test_polling_an_upgraded_session(server: ProtocolServer) -> None:
    socket = await Socket.start(server)
    target = f"{HANDSHAKE}&sid={socket.opened['sid']}"
    assert_fault(await request(server.port, "GET", target), 3)
    assert_fault(await request(server.port, "POST", target, body=b"4a"), 3)
    socket.send_text("4works")
    assert await socket.text() == "4works"


@pytest.mark.gen_test
async def test_websocket_transport_without_upgrade_on_a_session(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    assert_fault(await request(server.port, "GET", client.websocket_target), 3)
    assert_fault(await request(server.port, "POST", client.websocket_target, body=b"4a"), 3)
    assert client.sid in server.echo.clients


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.gen_test
async def test_other_method_on_a_session(server: ProtocolServer, method: str) -> None:
    client = await Polling.open(server)
    async with await Wire.open(server.port) as wire:
        wire.send_request(method, client.target, body=None if method == "HEAD" else b"4a")
        assert_empty(await wire.answer(), 500)
    assert client.sid in server.echo.clients


@pytest.mark.gen_test
async def test_preflight(server: ProtocolServer) -> None:
    headers = {
        "Origin": "http://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-special",
    }
    answer = await request(server.port, "OPTIONS", HANDSHAKE, headers)
    assert_empty(answer, 204)
    assert answer.headers["access-control-allow-methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"
    assert answer.headers["access-control-allow-headers"] == "x-special"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


# Messages.


@pytest.mark.parametrize(
    "packets",
    [
        ["4hello"],
        ["4"],
        ["4one", "4two", "4three"],
        ["4你好 😀é"],
        ["bAQIDBA=="],
        ["b"],
        ["4text", "bAQIDBA==", "4text"],
        ['4"\\ud800"'],
    ],
)
@pytest.mark.gen_test
async def test_polling_echo(server: ProtocolServer, packets: list[str]) -> None:
    client = await Polling.open(server)
    answer = await client.post(*packets)
    assert (answer.status, answer.content_type, answer.body) == (200, "text/html", b"ok")
    polled = await client.get()
    assert polled.content_type == "text/plain; charset=UTF-8"
    assert polled.headers["cache-control"] == "no-store"
    assert polled.body.decode().split("\x1e") == packets


@pytest.mark.gen_test
async def test_a_waiting_poll_is_answered_by_what_comes(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    await client.post("4a", "4b")
    assert (await poll.answer()).body == payload("4a", "4b")


@pytest.mark.gen_test
async def test_500_packets_in_one_post(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    sent = [f"4{number}" for number in range(500)]
    assert (await client.post(*sent)).body == b"ok"
    received: list[str] = []
    while len(received) < len(sent):
        packets = await client.poll()
        assert len(packets) <= 16
        received += packets
    assert received == sent


@pytest.mark.parametrize("ignored", ["3", "5", "6", "3probe"])
@pytest.mark.gen_test
async def test_stray_packet_is_ignored(server: ProtocolServer, ignored: str) -> None:
    client = await Polling.open(server)
    assert (await client.post(ignored, "4after")).body == b"ok"
    assert await client.poll() == ["4after"]


@pytest.mark.parametrize(
    "body", [b"abc", b"", b"7", b"4a\x1e", b"\x1e4a", b"4a\x1e\x1e4b", b"2", b"0", b"4\xff\xfe", b"-1"]
)
@pytest.mark.gen_test
async def test_post_that_ends_the_session(server: ProtocolServer, body: bytes) -> None:
    client = await Polling.open(server)
    answer = await client.post_bytes(body)
    assert (answer.status, answer.body) == (200, b"ok")
    assert await client.is_closed()
    assert not server.echo.clients


@pytest.mark.gen_test
async def test_undecodable_post_ends_a_waiting_poll(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    await client.post("abc")
    assert (await poll.answer()).body == b"1"


@pytest.mark.parametrize("letters", ["b!!!!", "bAQIDB", "bAQ==ID", "bA", "b====", "b_-_-"])
@pytest.mark.gen_test
async def test_bad_base64_is_read_leniently(server: ProtocolServer, letters: str) -> None:
    client = await Polling.open(server)
    assert (await client.post(letters, "4after")).body == b"ok"
    received = await client.poll()
    assert received[0][0] == "b" and received[1:] == ["4after"]


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/octet-stream; charset=x"])
@pytest.mark.gen_test
async def test_post_of_octet_stream(server: ProtocolServer, content_type: str) -> None:
    client = await Polling.open(server)
    assert_empty(await client.post_bytes(b"4a", content_type), 400)
    assert await client.is_closed()


# Close.


@pytest.mark.gen_test
async def test_close_packet_ends_session_and_poll(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    assert (await client.post("1")).body == b"ok"
    assert (await poll.answer()).body == b"6"
    assert_fault(await client.get(), 1)
    assert await client.is_closed()


@pytest.mark.gen_test
async def test_nothing_behind_a_close_packet_is_handled(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    await client.post("1", "4late")
    assert (await poll.answer()).body == b"6"


@pytest.mark.gen_test
async def test_server_close_sends_what_is_queued_and_the_close_packet(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    engine = only_client(server.echo)
    for number in range(20):
        engine.send_text(b"%d" % number)
    engine.close()
    engine.send_text(b"too late")
    received = await client.poll() + await client.poll()
    assert received == [*(f"4{number}" for number in range(20)), "1"]
    assert_fault(await client.get(), 1)


@pytest.mark.gen_test
async def test_server_close_answers_a_waiting_poll(server: ProtocolServer) -> None:
    client = await Polling.open(server)
    poll = await client.begin_poll()
    engine = only_client(server.echo)
    await client.post("6")  # the poll has arrived by now
    engine.close()
    assert (await poll.answer()).body == b"1"
    assert await client.is_closed()
