"""Requests of one session that overlap, one of them unusual: the same whether the front or the handler answers."""

from __future__ import annotations

import logging

import pytest

from tests.support.engineio import Polling, ProtocolServer, assert_fault, only_client
from tests.support.wire import WebSocketWire, Wire, request, until

UNUSUAL = {"Content-Encoding": "identity"}
"""Nothing that changes a request, but the front leaves it to the handler."""


@pytest.mark.parametrize(("first", "second"), [({}, UNUSUAL), (UNUSUAL, {}), (UNUSUAL, UNUSUAL)])
@pytest.mark.gen_test
async def test_second_poll(server: ProtocolServer, first: dict[str, str], second: dict[str, str]) -> None:
    client = await Polling.open(server)
    wire = await Wire.open(server.port)
    wire.send_request("GET", client.target, first)
    await until(lambda: only_client(server.echo).has_poll)
    assert_fault(await request(server.port, "GET", client.target, second), 3)
    assert (await wire.answer()).body == b"1"
    assert await client.is_closed()


@pytest.mark.parametrize(("first", "second"), [({}, {}), ({}, UNUSUAL), (UNUSUAL, {}), (UNUSUAL, UNUSUAL)])
@pytest.mark.gen_test
async def test_second_post(
    server: ProtocolServer, first: dict[str, str], second: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    client = await Polling.open(server)
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {**first, "Content-Length": "100"})
    wire.send(b"4half")
    await until(lambda: only_client(server.echo).has_post)
    with caplog.at_level(logging.INFO, "server"):
        answer = await request(server.port, "POST", client.target, second, b"4second")
    assert (answer.status, answer.body) == (400, b"")
    assert await wire.ended() == b""
    assert await client.is_closed()
    closes = [line for line in caplog.messages if line.startswith("engine.io close")]
    assert len(closes) == 1 and "a second POST came during the first" in closes[0]


@pytest.mark.parametrize("headers", [{}, UNUSUAL])
@pytest.mark.gen_test
async def test_the_session_is_upgraded_while_a_poll_and_a_post_are_under_way(
    server: ProtocolServer, headers: dict[str, str]
) -> None:
    client = await Polling.open(server)
    polls, posts = await Wire.open(server.port), await Wire.open(server.port)
    posts.send_request("POST", client.target, {**headers, "Content-Length": "5"})
    posts.send(b"4lat")
    await until(lambda: only_client(server.echo).has_post)
    socket = await WebSocketWire.connect(server.port, client.websocket_target)
    socket.send_text("2probe")
    assert await socket.text() == "3probe"
    polls.send_request("GET", client.target, headers)
    await until(lambda: only_client(server.echo).has_poll)
    socket.send_text("5")
    assert (await polls.answer()).body == b"6"
    posts.send(b"e")
    assert (await posts.answer()).body == b"ok"
    assert await socket.text() == "4late"
    polls.send_request("GET", client.target, headers)
    assert_fault(await polls.answer(), 3)


@pytest.mark.parametrize("headers", [{}, UNUSUAL])
@pytest.mark.parametrize("vanishes", ["close", "reset"])
@pytest.mark.gen_test
async def test_the_client_vanishes_with_requests_under_way(
    server: ProtocolServer, headers: dict[str, str], vanishes: str
) -> None:
    polling, posting = await Polling.open(server), await Polling.open(server)
    polls, posts = await Wire.open(server.port), await Wire.open(server.port)
    polls.send_request("GET", polling.target, headers)
    posts.send_request("POST", posting.target, {**headers, "Content-Length": "5"})
    by_sid = server.echo.clients
    await until(lambda: by_sid[polling.sid].has_poll and by_sid[posting.sid].has_post)
    for wire in (polls, posts):
        getattr(wire, vanishes)()
    await until(lambda: not by_sid)
