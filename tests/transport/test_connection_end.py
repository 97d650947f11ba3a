"""How a WebSocket connection ends, from either side, in order and not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server.protocol.websocket_frames import text_frame
from server.transport.connection import CLOSING_TIMEOUT_SECONDS, ConnectionState
from tests.support import frames
from tests.support.leftovers import ErrorLog
from tests.support.links import BIG_PAYLOAD, Link, Links, fill
from tests.support.wire import until

OUTBOX_LIMIT_BYTES = 300_000
BIG = text_frame(BIG_PAYLOAD)


# The end.


@pytest.mark.gen_test
async def test_close_from_our_side(links: Links) -> None:
    link = links.open_tcp()
    link.connection.send(text_frame(b"last"))
    link.connection.close(1001, "going")
    link.connection.send(text_frame(b"too late"))
    link.connection.close(1000, "again")
    assert await link.frames(2) == [(0x81, b"last"), (0x88, b"\x03\xe9going")]
    await link.send(frames.text("not delivered") + frames.close(1001, b"going"))
    assert await link.receive() == b""
    assert link.connection.state is ConnectionState.CLOSED
    assert (link.receiver.messages, link.receiver.closes) == ([], [])
    assert not links.deadlines._buckets


@pytest.mark.parametrize(
    ("frame", "answer", "told"),
    [
        (frames.close(1000, b"bye"), b"\x03\xe8", (1000, "bye")),
        (frames.close(4321), b"\x10\xe1", (4321, "")),
        (frames.close(None), b"", (1005, "")),
    ],
)
@pytest.mark.gen_test
async def test_close_from_the_peer(links: Links, frame: bytes, answer: bytes, told: tuple[int, str]) -> None:
    link = links.open_tcp()
    link.receiver.act = lambda data: link.connection.send(text_frame(data))
    await link.send(frames.text("last") + frame + frames.text("not delivered"))
    assert await link.all_frames() == [(0x81, b"last"), (0x88, answer)]
    assert (link.receiver.messages, link.receiver.closes) == (["last"], [told])
    assert not links.deadlines._buckets


@pytest.mark.gen_test
async def test_close_from_the_peer_while_much_is_queued(links: Links) -> None:
    link = links.open_slow()
    count = fill(link)
    link.connection.send(text_frame(b"last"))
    await link.send(frames.close(1000))
    await until(lambda: link.receiver.closes)
    received = [frame for frame in await link.all_frames() if frame.payload != BIG_PAYLOAD]
    assert received == [(0x81, b"last"), (0x88, b"\x03\xe8")]
    assert count > 0


@pytest.mark.gen_test
async def test_both_close_while_much_is_queued(links: Links) -> None:
    link = links.open_slow()
    fill(link)
    link.connection.close(1001, "ours")
    await link.send(frames.close(1000))
    await until(lambda: link.connection.state is not ConnectionState.CLOSING)
    assert (await link.all_frames())[-1] == (0x88, b"\x03\xe9ours")


@pytest.mark.parametrize(
    ("data", "code"),
    [(frames.text(b"\xff"), 1007), (frames.close(1005), 1002), (b"\x82\xff" + b"\x7f" * 8 + b"x" * 500_000, 1009)],
)
@pytest.mark.gen_test
async def test_violation_closes_and_lets_the_peer_read_why(links: Links, data: bytes, code: int) -> None:
    link = links.open_tcp()
    await link.send(frames.text("before") + data)
    received = await link.all_frames()
    assert int.from_bytes(received[-1].payload[:2], "big") == code
    link.peer.close()
    await until(lambda: link.connection.state is ConnectionState.CLOSED)
    assert link.receiver.messages == ["before"]
    assert [code for code, _ in link.receiver.closes] == [code]


@pytest.mark.gen_test
async def test_peer_that_does_not_answer_is_cut(links: Links) -> None:
    link = links.open_tcp()
    link.connection.close(1000)
    links.advance(CLOSING_TIMEOUT_SECONDS - 0.1)
    before = link.connection.state
    links.advance(0.1)
    assert (before, link.connection.state) == (ConnectionState.CLOSING, ConnectionState.CLOSED)
    assert await link.frames(1) == [(0x88, b"\x03\xe8")]
    assert await link.receive() == b""
    assert link.receiver.closes == []


@pytest.mark.parametrize("vanish", [Link.reset, lambda link: link.peer.close()], ids=["reset", "end"])
@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.gen_test
async def test_peer_vanishes(links: Links, vanish: Callable[[Link], None], paused: bool) -> None:
    link = links.open_tcp()
    await link.send(frames.text("last"))
    await until(lambda: link.receiver.messages)
    if paused:
        link.connection.pause()
        await asyncio.sleep(0)
    vanish(link)
    if paused:
        for _ in range(10):
            await asyncio.sleep(0)
        link.connection.resume()
    await until(lambda: link.receiver.closes)
    assert [code for code, _ in link.receiver.closes] == [1006]
    assert link.connection.state is ConnectionState.CLOSED
    link.connection.send(text_frame(b"nobody hears it"))
    assert links.metrics.connections_opened == links.metrics.connections_closed == 1


@pytest.mark.gen_test
async def test_peer_vanishes_while_much_is_queued(links: Links) -> None:
    link = links.open_slow()
    fill(link)
    for _ in range(5):
        link.connection.send(BIG)
    link.reset()
    await until(lambda: link.receiver.closes)
    assert [code for code, _ in link.receiver.closes] == [1006]
    assert link.connection.queued_bytes == 0


@pytest.mark.gen_test
async def test_peer_vanishes_between_two_writes(links: Links) -> None:
    link = links.open_tcp()
    link.reset()
    for _ in range(10):
        link.connection.send(text_frame(b"x"))
        await asyncio.sleep(0)
    await until(lambda: link.receiver.closes)
    assert len(link.receiver.closes) == 1


@pytest.mark.gen_test
async def test_receiver_that_fails_closes_its_connection_alone(links: Links, logged_errors: ErrorLog) -> None:
    def fail(data: bytes) -> None:
        link.connection.send(text_frame(b"before"))
        raise ZeroDivisionError

    link, other = links.open_tcp(), links.open_tcp()
    link.receiver.act = fail
    await link.send(frames.text("1") + frames.text("2"))
    await other.send(frames.text("other"))
    assert await link.all_frames() == [(0x81, b"before"), (0x88, b"\x03\xf3internal error")]
    await until(lambda: other.receiver.messages)
    assert link.receiver.closes == [(1011, "internal error")]
    (logged,) = logged_errors.pop_all()
    assert "ZeroDivisionError" in logged


@pytest.mark.gen_test
async def test_abort_tells_nobody(links: Links) -> None:
    link = links.open_tcp()
    link.connection.abort()
    link.connection.abort()
    assert await link.receive() == b""
    await asyncio.sleep(0)
    assert link.receiver.closes == []


@pytest.mark.gen_test
async def test_closing_within_a_message_and_pausing_too(links: Links) -> None:
    link = links.open_tcp()

    def act(data: bytes) -> None:
        link.connection.pause()
        link.connection.close(1000, "done")
        link.connection.resume()

    link.receiver.act = act
    await link.send(frames.text("1") + frames.text("2"))
    assert await link.all_frames() == [(0x88, b"\x03\xe8done")]
    assert link.receiver.messages == ["1"]
    assert link.connection.state is ConnectionState.CLOSED


@pytest.mark.gen_test
async def test_goodbye_to_all(links: Links) -> None:
    opened = [links.open_tcp() for _ in range(3)]
    links.connections.say_goodbye("until later")
    for link in opened:
        assert await link.all_frames() == [(0x88, b"\x03\xe9until later")]
        assert link.receiver.closes == []


@pytest.mark.gen_test
async def test_connections_end_cuts_all(links: Links) -> None:
    opened = [links.open_tcp() for _ in range(3)]
    await opened[0].send(frames.text("x"))
    await until(lambda: opened[0].receiver.messages)
    links.connections.close()
    for link in opened:
        assert await link.receive() == b""
        assert link.receiver.closes == []
    assert links.metrics.connections_closed == 3
