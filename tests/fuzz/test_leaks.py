"""Rude and failing clients of every kind leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.support import frames
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, Socket
from tests.support.hammering import TARGET, assert_healthy, assert_nothing_is_left
from tests.support.wire import WebSocketWire, Wire, request


async def join_picky(server: ProtocolServer, auth: str = "") -> Socket:
    socket = await Socket.start(server, SOCKET_PATH)
    socket.send_text(f"40/picky,{auth}")
    return socket


async def accepted(server: ProtocolServer) -> None:
    socket = await join_picky(server)
    await socket.text()
    socket.send_text("41/picky,", "40/picky,", "1")
    await socket.closed()


async def refused(server: ProtocolServer) -> None:
    await (await join_picky(server, '{"refuse":true}')).text()


async def refused_by_failure(server: ProtocolServer) -> None:
    await (await join_picky(server, '{"fail":true}')).text()


async def gone_before_the_decision(server: ProtocolServer) -> None:
    (await join_picky(server)).reset()


async def failing_handler(server: ProtocolServer) -> None:
    socket = await join_picky(server)
    await socket.text()
    socket.send_text('42/picky,["fail"]', '42/picky,1["fail"]')
    assert "internal" in await socket.text()


async def question_never_answered(server: ProtocolServer) -> None:
    socket = await join_picky(server)
    await socket.text()
    socket.send_text('42/picky,["ask"]', '42/picky,["ask"]')
    await socket.text()
    socket.reset()


async def half_a_frame(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send(frames.text('42["message"]')[:-3])


async def half_an_event(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text('451-["message",{"_placeholder":true,"num":0}]')


async def violation(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.send_text("garbage")
    await socket.closed()


async def violation_never_read(server: ProtocolServer) -> None:
    (await Socket.join(server)).send(b"\xff" * 20)


async def poll_left_waiting(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    await client.begin_poll()


async def poll_cut(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    poll = await client.begin_poll()
    await client.post("6")
    poll.reset()


async def post_cut(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    wire = await Wire.open(server.port)
    wire.send_request("POST", client.target, {"Content-Length": "100"})
    wire.send(b"4half")
    await asyncio.sleep(0)
    wire.reset()


async def too_large(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    assert (await client.post_bytes(b"4" * 1_000_001)).status == 413


async def upgraded(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send_text("2probe", "5", '42["message"]')
    assert [await wire.text(), await wire.text()] == ["3probe", '42["message-back"]']


async def probe_abandoned(server: ProtocolServer) -> None:
    client = await Polling.join(server)
    wire = await WebSocketWire.connect(client.port, client.websocket_target)
    wire.send_text("2probe")
    await wire.text()


async def upgrade_refused(server: ProtocolServer) -> None:
    assert (await request(server.port, "GET", f"{TARGET}&sid=none", {"Upgrade": "websocket"})).status == 400


async def deaf(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
    socket.send_text(*['42["message","' + "x" * 10_000 + '"]'] * 20)


KINDS: list[Callable[[ProtocolServer], Awaitable[None]]] = [
    accepted,
    refused,
    refused_by_failure,
    gone_before_the_decision,
    failing_handler,
    question_never_answered,
    half_a_frame,
    half_an_event,
    violation,
    violation_never_read,
    poll_left_waiting,
    poll_cut,
    post_cut,
    too_large,
    upgraded,
    probe_abandoned,
    upgrade_refused,
    deaf,
]


@pytest.fixture
def swallowed() -> Iterator[list[str]]:
    """Collect the names of logged exceptions; whoever kept the exceptions would keep their sockets too."""
    names: list[str] = []

    def swallow(record: logging.LogRecord) -> bool:
        if record.exc_info is None or record.exc_info[0] is None:
            return True
        names.append(record.exc_info[0].__name__)
        return False

    loggers = [logging.getLogger(f"server.realtime.{module}") for module in ("socketio_client", "dispatch")]
    for logger in loggers:
        logger.addFilter(swallow)
    yield names
    for logger in loggers:
        logger.removeFilter(swallow)


@pytest.mark.gen_test
async def test_300_clients_of_every_kind_leave_nothing_behind(server: ProtocolServer, swallowed: list[str]) -> None:
    for start in range(0, 300, 60):
        kinds = [KINDS[number % len(KINDS)] for number in range(start, start + 60)]
        await asyncio.gather(*(kind(server) for kind in kinds))
    await assert_healthy(server)
    await assert_nothing_is_left(server)
    assert set(swallowed) == {"ZeroDivisionError"}


@pytest.mark.gen_test
async def test_unsolicited_pongs_start_nothing(server: ProtocolServer) -> None:
    socket = await Socket.join(server)
    before = len(asyncio.all_tasks())
    for _ in range(10):
        socket.send_text(*["3"] * 5_000)
        await socket.writer.drain()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await socket.frame()
    socket.send_text('421["message-with-ack"]')
    assert await socket.text() == "431[]"
    assert len(asyncio.all_tasks()) <= before + 1  # that of the loop's own periodic callback
    buckets = server.runtime.deadlines._buckets.values()
    assert sum(len(bucket) for bucket in buckets) == 1
