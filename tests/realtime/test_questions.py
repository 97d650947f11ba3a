"""A question to many sockets: who answers, who is missing, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from server.realtime import broadcast as broadcast_module
from server.realtime.acks import PendingAck, SocketDisconnectedError
from server.realtime.broadcast import Replies
from server.realtime.sockets import Socket, SocketState
from tests.support.engineio import ProtocolServer
from tests.support.leftovers import ErrorLog
from tests.support.members import Pair, connect, crowd, silent
from tests.support.wire import until


async def ask(server: ProtocolServer, members: list[Pair], **options: Any) -> asyncio.Future[Replies]:
    """Ask everyone in ``room``; each has read the question."""
    asked = asyncio.ensure_future(server.sio.to("room").call("question", 1, **options))
    for client, _ in members:
        assert await client.text() == '420["question",1]'
    return asked


def assert_nobody_is_waited_for(server: ProtocolServer, members: list[Pair]) -> None:
    """Check that no ack is pending, and that none has a deadline left."""
    for _, socket in members:
        assert socket._acks is None or not socket._acks._pending
    entries = [entry for bucket in server.runtime.deadlines._buckets.values() for entry in bucket]
    assert not [entry for entry in entries if isinstance(entry, PendingAck)]


# Asking.


@pytest.mark.gen_test
async def test_everyone_answers(server: ProtocolServer) -> None:
    members, outsider = await crowd(server, 3), await connect(server)
    asked = await ask(server, members)
    for number, (client, _) in enumerate(members):
        client.send_text(f'430["answer",{number}]')
    answers = {socket.id: ["answer", number] for number, (_, socket) in enumerate(members)}
    assert await asked == Replies(answers, ())
    assert_nobody_is_waited_for(server, members)
    await silent(outsider)


@pytest.mark.gen_test
async def test_some_do_not_answer_in_time(server: ProtocolServer) -> None:
    members = await crowd(server, 3)
    (one, first), (two, second), (_, third) = members
    asked = await ask(server, members, timeout=2.0)
    two.send_text("430[]")
    await silent(two)
    server.advance(1.9)
    await asyncio.sleep(0)
    assert not asked.done()
    server.advance(0.1)
    assert await asked == ({second.id: []}, (first.id, third.id))
    assert_nobody_is_waited_for(server, members)
    one.send_text('430["late"]')
    await silent(one)
    again = asyncio.ensure_future(server.sio.to(first.id).call("again"))
    assert await one.text() == '421["again"]'
    one.send_text('430["late"]', '431["in time"]')
    assert (await again).answers == {first.id: ["in time"]}


@pytest.mark.parametrize("end", ["41", "1", "socket", "expelled"])
@pytest.mark.gen_test
async def test_one_leaves_meanwhile(server: ProtocolServer, end: str) -> None:
    members = await crowd(server, 2)
    (one, first), (two, second) = members
    asked = await ask(server, members)
    if end == "socket":
        one.reset()
    elif end == "expelled":
        first.disconnect()
    else:
        one.send_text(end)
    await until(lambda: first.state is SocketState.DISCONNECTED)
    assert not asked.done()
    two.send_text("430[2]")
    assert await asked == ({second.id: [2]}, (first.id,))
    assert_nobody_is_waited_for(server, members)


@pytest.mark.gen_test
async def test_an_empty_room_returns_at_once(server: ProtocolServer) -> None:
    async with asyncio.timeout(30):
        assert await server.sio.to("nobody").call("question", timeout=1000) == ({}, ())
        assert await server.sio.call("question") == ({}, ())


@pytest.mark.gen_test
async def test_asking_everyone_but_oneself(server: ProtocolServer) -> None:
    members = await crowd(server, 2)
    (one, first), (two, second) = members
    for broadcast in (first.broadcast, first.to("room"), first.to(second.id, first.id)):
        asked = asyncio.ensure_future(broadcast.call("question"))
        question = await two.text()
        two.send_text(question.replace("42", "43", 1))
        assert await asked == ({second.id: ["question"]}, ())
    await silent(one)


@pytest.mark.gen_test
async def test_a_handler_may_ask_its_own_client_too(server: ProtocolServer) -> None:
    @server.sio.on("ask all")
    async def ask_all(socket: Socket) -> Any:
        return (await server.sio.call("question")).answers[socket.id]

    client = await connect(server)
    client.send_text('425["ask all"]')
    assert await client.text() == '420["question"]'
    client.send_text('430["answer"]')
    assert await client.text() == '435[["answer"]]'


@pytest.mark.gen_test
async def test_whoever_stops_waiting_leaves_nothing(server: ProtocolServer) -> None:
    members = await crowd(server, 3)
    asked = await ask(server, members)
    members[0][0].send_text("430[]")
    members[1][1].disconnect()
    await silent(members[0][0])
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.sleep(0)
    assert_nobody_is_waited_for(server, members)


@pytest.mark.gen_test
async def test_time_that_is_up_just_when_nobody_waits_any_more(server: ProtocolServer, logged_errors: ErrorLog) -> None:
    members = await crowd(server, 2)
    asked = await ask(server, members, timeout=2.0)
    server.advance(2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.sleep(0)
    del asked
    gc.collect()
    assert logged_errors.pop_all() == []  # "exception was never retrieved" would be
    assert_nobody_is_waited_for(server, members)


@pytest.mark.gen_test
async def test_bytes_in_a_question(server: ProtocolServer) -> None:
    [(client, socket)] = await crowd(server, 1)
    asked = asyncio.ensure_future(server.sio.to("room").call("question", b"\x01"))
    assert await client.text() == '451-0["question",{"_placeholder":true,"num":0}]'
    assert await client.binary() == b"\x01"
    client.send_text('461-0[{"_placeholder":true,"num":0}]')
    client.send_binary(b"\x02")
    assert await asked == ({socket.id: [b"\x02"]}, ())


@pytest.mark.gen_test
async def test_what_cannot_be_asked(server: ProtocolServer) -> None:
    members = await crowd(server, 2)
    for call in (members[0][1].call, server.sio.call, server.sio.to("room").call):
        with pytest.raises(ValueError, match="reserved"):
            await call("disconnect")
        with pytest.raises(TypeError):
            await call("question", object())
    with pytest.raises(ValueError, match="volatile"):
        await server.sio.to("room").volatile.call("question")
    await asyncio.sleep(0)
    assert_nobody_is_waited_for(server, members)
    for client, _ in members:
        await silent(client)


@pytest.mark.gen_test
async def test_a_large_crowd_is_asked_in_turns(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_module, "ASKED_PER_TURN", 2)
    members = await crowd(server, 5)
    asked = asyncio.ensure_future(server.sio.to("room").call("question"))
    await asyncio.sleep(0)
    members[4][1].disconnect()  # it has not been asked yet
    assert await members[4][0].text() == "41"
    for client, _ in members[:4]:
        assert await client.text() == '420["question"]'
        client.send_text("430[]")
    assert (await asked).missing == (members[4][1].id,)
    assert_nobody_is_waited_for(server, members)


@pytest.mark.gen_test
async def test_whoever_stops_waiting_before_all_are_asked_leaves_nothing(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_module, "ASKED_PER_TURN", 1)
    members = await crowd(server, 3)
    asked = asyncio.ensure_future(server.sio.to("room").call("question"))
    await asyncio.sleep(0)  # one has been asked
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.sleep(0)
    assert_nobody_is_waited_for(server, members)


@pytest.mark.gen_test
async def test_one_too_slow_for_the_question_is_missing(server: ProtocolServer) -> None:
    members = await crowd(server, 2)
    (_, first), (two, second) = members
    limit = server.runtime.context.outbox_limit_bytes
    members[0][0].reader._transport.pause_reading()  # type: ignore[attr-defined]
    connection = first._client.engine.connection
    assert connection is not None
    filler = "x" * 500_000
    while connection.queued_bytes < limit - len(filler):
        first.emit("fill", filler)
        await asyncio.sleep(0)  # let a stream, too, hand on what the kernel takes
    asked = asyncio.ensure_future(server.sio.to("room").call("question", filler + filler))
    assert (await two.text())[:14] == '420["question"'
    two.send_text("430[]")
    assert await asked == ({second.id: []}, (first.id,))
    assert first.state is SocketState.DISCONNECTED
    assert_nobody_is_waited_for(server, members)


@pytest.mark.gen_test
async def test_one_that_is_disconnected_by_being_asked_is_missing(server: ProtocolServer) -> None:
    server.sio.on_any_outgoing(lambda socket, event, *args: socket.disconnect())
    members = await crowd(server, 2)
    (_, first), (_, second) = members
    with pytest.raises(SocketDisconnectedError):
        await first.call("question")
    assert await server.sio.call("question") == ({}, (second.id,))
    assert_nobody_is_waited_for(server, members)
