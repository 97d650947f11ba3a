"""The contract of a WebSocket connection, over the epoll reader and over Tornado's stream."""

from __future__ import annotations

import asyncio
import time

import pytest

from server.protocol.websocket_frames import Opcode, build_frame, text_frame
from server.transport import epoll_reader
from server.transport.connection import FRAMES_PER_TURN, ConnectionState
from tests.support import frames
from tests.support.links import BIG_PAYLOAD, Links, Recorder, fill
from tests.support.wire import until

OUTBOX_LIMIT_BYTES = 300_000
BIG = text_frame(BIG_PAYLOAD)


# In.


@pytest.mark.gen_test
async def test_messages_arrive_in_order(links: Links) -> None:
    link = links.open_tcp(early=frames.text("early"))
    await link.send(frames.text("é") + frames.binary(b"\x00") + frames.client_frame(1, b"a", final=False))
    await link.send(frames.client_frame(0, b"b"))
    await until(lambda: len(link.receiver.messages) == 4)
    assert link.receiver.messages == ["early", "é", b"\x00", "ab"]
    assert link.connection.heard


@pytest.mark.gen_test
async def test_ping_is_answered_between_fragments(links: Links) -> None:
    link = links.open_tcp()
    await link.send(frames.client_frame(1, b"a", final=False) + frames.client_frame(9, b"ping"))
    assert await link.frames(1) == [(0x8A, b"ping")]
    await link.send(frames.client_frame(10, b"unsolicited") + frames.client_frame(0, b"b"))
    await until(lambda: link.receiver.messages)
    assert link.receiver.messages == ["ab"]


@pytest.mark.gen_test
async def test_pause_holds_frames_in_order(links: Links) -> None:
    link = links.open_tcp()

    def act(data: bytes) -> None:
        if data == b"2":
            link.connection.pause()

    link.receiver.act = act
    await link.send(b"".join(frames.text(str(number)) for number in range(6)))
    await until(lambda: len(link.receiver.messages) == 3)
    await link.send(frames.text("6") + frames.binary(b"7"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert link.receiver.messages == ["0", "1", "2"]
    link.connection.send(text_frame(b"sending goes on"))
    assert await link.frames(1) == [(0x81, b"sending goes on")]
    link.connection.resume()
    await until(lambda: len(link.receiver.messages) == 8)
    assert link.receiver.messages == ["0", "1", "2", "3", "4", "5", "6", b"7"]


@pytest.mark.gen_test
async def test_pause_and_resume_within_one_message(links: Links) -> None:
    link = links.open_tcp()

    def act(data: bytes) -> None:
        link.connection.pause()
        link.connection.resume()

    link.receiver.act = act
    sent = [str(number) for number in range(2000)]
    await link.send(b"".join(map(frames.text, sent)))
    await until(lambda: len(link.receiver.messages) == 2000)
    assert link.receiver.messages == sent


@pytest.mark.gen_test
async def test_paused_connection_is_not_read(links: Links) -> None:
    link = links.open_tcp(buffer_bytes=8192)
    link.connection.pause()
    sending = asyncio.ensure_future(link.send(frames.text("x" * 90_000) * 100))
    for _ in range(200):
        await asyncio.sleep(0)
    assert links.metrics.bytes_in < 1_000_000  # at most what was under way
    assert not link.receiver.messages
    link.connection.resume()
    await sending
    await until(lambda: len(link.receiver.messages) == 100)


@pytest.mark.gen_test
async def test_violation_behind_held_frames_comes_after_them(links: Links) -> None:
    link = links.open_tcp()
    link.receiver.act = lambda data: link.connection.pause() if data == b"0" else None
    await link.send(frames.text("0") + frames.text("1") + frames.text(b"\xff"))
    await until(lambda: link.receiver.messages)
    assert link.connection.state is ConnectionState.OPEN
    link.connection.resume()
    await until(lambda: link.receiver.closes)
    assert link.receiver.messages == ["0", "1"]
    assert [code for code, _ in link.receiver.closes] == [1007]


@pytest.mark.gen_test
async def test_one_connection_does_not_hold_up_the_others(links: Links) -> None:
    order: list[bytes] = []
    flooding, quiet = (links.open_tcp(Recorder(order.append)) for _ in range(2))
    flood = b"".join(frames.text("f") for _ in range(8 * FRAMES_PER_TURN))
    await flooding.send(flood)
    await quiet.send(frames.text("quiet"))
    await until(lambda: len(order) == 8 * FRAMES_PER_TURN + 1)
    assert order.index(b"quiet") <= 4 * FRAMES_PER_TURN


FRAGMENTS = (
    frames.client_frame(1, b"", final=False)
    + (frames.client_frame(0, b"", final=False) + frames.client_frame(0, b"x", final=False)) * 50_000
    + frames.client_frame(0, b"!")
)


@pytest.mark.parametrize(
    ("flood", "message"),
    [(FRAGMENTS, "x" * 50_000 + "!"), (frames.client_frame(9, b"") * 30_000 + frames.text("!"), "!")],
    ids=["fragments", "pings"],
)
@pytest.mark.gen_test
async def test_flood_of_tiny_frames_is_read_in_turns(links: Links, flood: bytes, message: str) -> None:
    """A hundred thousand of them, and what another client waits for meanwhile."""
    flooding, quiet = links.open_tcp(), links.open_tcp()
    quiet.receiver.act = lambda data: quiet.connection.send(text_frame(data))
    sending = asyncio.ensure_future(flooding.send(flood))
    waits: list[float] = []
    while not flooding.receiver.messages:
        began = time.process_time()
        await quiet.send(frames.text("ping"))
        assert await quiet.frames(1) == [(0x81, b"ping")]
        waits.append(time.process_time() - began)
    await sending
    assert flooding.receiver.messages == [message]
    assert max(waits) < 1.0  # of work, not of time: the machine may be busy; 0.1 s are aimed at


@pytest.mark.gen_test
async def test_turns_go_round(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has much to say is not read again while others, ready as long, have not been read once."""
    monkeypatch.setattr(epoll_reader, "SECONDS_PER_TURN", -1.0)
    monkeypatch.setattr(epoll_reader, "SOCKETS_PER_BATCH", 2)  # of three
    heard: list[int] = []
    flood = frames.binary(b"x" * 60_000) * 10
    for number in range(3):
        link = links.open_tcp()
        link.receiver.act = lambda data, number=number: heard.append(number)  # type: ignore[misc]
        assert link.peer.send(flood) == len(flood)
    await until(lambda: len(heard) == 30)
    assert {heard.index(number) for number in range(3)} <= set(range(7))


# Out.


@pytest.mark.gen_test
async def test_what_one_read_causes_leaves_in_one_write(links: Links) -> None:
    link = links.open_records()
    link.receiver.act = lambda data: link.connection.send(text_frame(data))
    sent = [b"%d" % number for number in range(50)]
    await link.send(b"".join(map(frames.text, sent)))
    assert await link.receive() == b"".join(map(text_frame, sent))


@pytest.mark.gen_test
async def test_send_now_has_a_write_of_its_own_behind_the_cork(links: Links) -> None:
    link = links.open_records()

    def act(data: bytes) -> None:
        link.connection.send(text_frame(b"corked"))
        link.connection.send(text_frame(b"corked too"))
        link.connection.send_now(text_frame(b"now"))
        link.connection.send(text_frame(b"after"))

    link.receiver.act = act
    await link.send(frames.text("go"))
    received = b""
    first = await link.receive()
    received += first
    while text_frame(b"after") not in received:
        received += await link.receive()
    assert received == b"".join(map(text_frame, [b"corked", b"corked too", b"now", b"after"]))
    assert text_frame(b"after") not in first


@pytest.mark.gen_test
async def test_what_is_sent_outside_of_a_read_leaves_at_once(links: Links) -> None:
    link = links.open_records()
    link.connection.send(text_frame(b"1"))
    assert link.peer.recv(100) == text_frame(b"1")


@pytest.mark.gen_test
async def test_slow_peer_gets_everything_in_order(links: Links) -> None:
    link = links.open_slow()
    count = fill(link)
    for number in range(5):
        link.connection.send(text_frame(b"%d" % number))
        link.connection.send(build_frame(Opcode.BINARY, b"y" * 30_000))
    assert link.connection.queued_bytes > 150_000
    received = await link.frames(count + 10)
    assert received[:count] == [(0x81, BIG_PAYLOAD)] * count
    assert [frame.payload for frame in received[count:]] == [
        part for number in range(5) for part in (b"%d" % number, b"y" * 30_000)
    ]
    await until(lambda: link.connection.queued_bytes == 0)
    link.connection.send(text_frame(b"at once again"))
    assert await link.frames(1) == [(0x81, b"at once again")]
    assert links.metrics.bytes_out > count * 20_000 + 150_000


@pytest.mark.gen_test
async def test_peer_that_is_too_slow_is_closed(links: Links) -> None:
    link = links.open_slow()
    fill(link)
    while link.connection.state is ConnectionState.OPEN:
        assert link.connection.queued_bytes <= OUTBOX_LIMIT_BYTES + len(BIG) * 2
        link.connection.send(BIG)
    link.connection.send(text_frame(b"too late"))
    assert links.metrics.slow_consumer_closes == 1
    assert link.receiver.closes == []  # never from within a send
    await until(lambda: link.receiver.closes)
    assert link.receiver.closes == [(3008, "slow consumer")]
    received = await link.all_frames()
    assert received[-1] == (0x88, b"\x0b\xc0slow consumer")
    assert set(received[:-1]) == {(0x81, BIG_PAYLOAD)}
    assert link.connection.state is ConnectionState.CLOSED


@pytest.mark.gen_test
async def test_offer_to_a_peer_that_keeps_up_is_a_send(links: Links) -> None:
    link = links.open_tcp()
    link.connection.offer(text_frame(b"1"))
    link.connection.offer(text_frame(b"2"), "key", lambda: text_frame(b"not needed"))
    assert [frame.payload for frame in await link.frames(2)] == [b"1", b"2"]
    assert links.metrics.dropped_messages == 0


@pytest.mark.gen_test
async def test_offer_to_a_peer_that_is_behind(links: Links) -> None:
    link = links.open_slow()
    count = fill(link)
    link.connection.offer(text_frame(b"dropped"))
    link.connection.offer(text_frame(b"first a"), "a", lambda: text_frame(b"unused"))
    link.connection.offer(text_frame(b"first b"), "b")
    link.connection.send(text_frame(b"must arrive"))
    link.connection.offer(text_frame(b"second a"), "a", lambda: text_frame(b"a whole"))
    link.connection.offer(text_frame(b"second b"), "b")
    link.connection.offer(text_frame(b"dropped"))
    received = [frame.payload for frame in await link.frames(count + 3)]
    assert received[count:] == [b"a whole", b"second b", b"must arrive"]
    assert links.metrics.dropped_messages == 2


@pytest.mark.gen_test
async def test_offers_to_a_peer_that_is_behind_stay_bounded(links: Links) -> None:
    link = links.open_slow()
    fill(link)
    before = link.connection.queued_bytes
    for _ in range(1000):
        link.connection.offer(BIG)
        link.connection.offer(text_frame(b"newest"), "key")
    assert link.connection.queued_bytes < before + 1000
    assert link.connection.state is ConnectionState.OPEN
