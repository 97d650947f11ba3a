"""Events: in order however long a handler waits, acknowledged, errors told and hidden."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from server.errors import ErrorCode, RequestError
from server.realtime.sockets import Socket
from tests.support import frames
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, only_client
from tests.support.engineio import Socket as Client
from tests.support.leftovers import ErrorLog
from tests.support.wire import until


async def join(server: ProtocolServer) -> Client:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    assert (await client.text()).startswith("40{")
    return client


async def settle(client: Client) -> None:
    client.send(frames.client_frame(9, b"settled"))
    assert await client.frame() == (0x8A, b"settled")


class Slow:
    """A handler whose every call waits until the test lets it go on."""

    def __init__(self) -> None:
        self.began: list[Any] = []
        self.steps: asyncio.Queue[None] = asyncio.Queue()

    async def __call__(self, socket: Socket, value: Any = None) -> Any:
        self.began.append(value)
        await self.steps.get()
        return value

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.steps.put_nowait(None)


@pytest.fixture
def slow(server: ProtocolServer) -> Slow:
    made = Slow()

    async def handler(socket: Socket, value: Any = None) -> Any:
        return await made(socket, value)

    server.sio.on("slow")(handler)
    server.sio.on("quick")(lambda socket, value=None: value)
    return made


# Order.


@pytest.mark.gen_test
async def test_events_of_one_client_are_handled_one_after_the_other(server: ProtocolServer, slow: Slow) -> None:
    client = await join(server)
    client.send_text('420["slow",0]', '421["quick",1]', '422["slow",2]', '423["slow",3]', '424["quick",4]')
    await settle(client)
    assert slow.began == [0]
    slow.step()
    assert [await client.text(), await client.text()] == ["430[0]", "431[1]"]
    await settle(client)
    assert slow.began == [0, 2]
    slow.step(2)
    assert [await client.text() for _ in range(3)] == ["432[2]", "433[3]", "434[4]"]


@pytest.mark.gen_test
async def test_clients_do_not_wait_for_each_other(server: ProtocolServer, slow: Slow) -> None:
    one, two = await join(server), await join(server)
    one.send_text('420["slow",1]')
    await settle(one)
    two.send_text('420["quick",2]')
    assert await two.text() == "430[2]"
    slow.step()
    assert await one.text() == "430[1]"


@pytest.mark.gen_test
async def test_a_handler_may_await_the_clients_ack(server: ProtocolServer) -> None:
    @server.sio.on("ask me")
    async def ask(socket: Socket) -> Any:
        return (await socket.call("question"))[0]

    client = await join(server)
    client.send_text('425["ask me"]')
    assert await client.text() == '420["question"]'
    client.send_text('430["answer"]')
    assert await client.text() == '435["answer"]'


@pytest.mark.gen_test
async def test_ack_leaves_before_what_is_published_with_call_soon(server: ProtocolServer) -> None:
    @server.sio.on("event")
    async def handle(socket: Socket) -> str:
        socket.join("r")
        asyncio.get_running_loop().call_soon(server.runtime.hub.publish, "r", "published", 1)
        return "ack"

    client = await join(server)
    client.send_text('420["event"]')
    assert [await client.text(), await client.text()] == ['430["ack"]', '42["published",1]']


@pytest.mark.gen_test
async def test_flood_pauses_its_client_alone(server: ProtocolServer, slow: Slow) -> None:
    flooding, other = await join(server), await join(server)
    engine = server.sio.engine.find(flooding.opened["sid"])
    assert engine is not None
    total = 1000
    flooding.send_text(*[f'42["slow",{number}]' for number in range(total)])
    await until(lambda: engine.paused)
    pending = server.runtime.metrics.events_in
    assert pending <= 1 + 64
    other.send_text('420["quick",1]')
    assert await other.text() == "430[1]"
    server.advance(25)
    assert await other.text() == "2"
    other.send_text("3")
    await settle(other)
    slow.step(total)
    await until(lambda: len(slow.began) == total)
    assert slow.began == list(range(total))
    assert not engine.paused
    assert await flooding.text() == "2"


@pytest.mark.gen_test
async def test_flood_in_one_post_pauses_the_post(server: ProtocolServer, slow: Slow) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    await client.post("40")
    await client.poll()
    engine = only_client(server.sio.engine)
    posting = asyncio.ensure_future(client.post(*[f'42["slow",{number}]' for number in range(300)]))
    await until(lambda: engine.paused)
    assert server.runtime.metrics.events_in <= 65
    assert not posting.done()
    slow.step(300)
    assert (await posting).body == b"ok"
    await until(lambda: len(slow.began) == 300)
    assert slow.began == list(range(300))


@pytest.mark.gen_test
async def test_flood_of_large_events_pauses_by_their_bytes(server: ProtocolServer, slow: Slow) -> None:
    client = await join(server)
    engine = only_client(server.sio.engine)
    holder = '451-["slow",{"_placeholder":true,"num":0}]'
    for _ in range(4):
        client.send(frames.text(holder) + frames.binary(b"x" * 400_000))
    await until(lambda: engine.paused)
    assert server.runtime.metrics.events_in <= 4
    slow.step(4)
    await until(lambda: len(slow.began) == 4)
    await until(lambda: not engine.paused)


@pytest.mark.gen_test
async def test_client_that_leaves_while_paused(server: ProtocolServer, slow: Slow) -> None:
    client = await join(server)
    engine = only_client(server.sio.engine)
    client.send_text(*['42["slow"]'] * 200)
    await until(lambda: engine.paused)
    client.reset()
    await until(lambda: not server.sio.engine.clients)
    slow.step()
    await until(lambda: not server.sio._tasks)
    assert len(slow.began) == 1


@pytest.mark.gen_test
async def test_post_that_waits_ends_with_its_session(server: ProtocolServer, slow: Slow) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    await client.post("40")
    await client.poll()
    engine = only_client(server.sio.engine)
    posting = asyncio.ensure_future(client.post(*['42["slow"]'] * 200))
    await until(lambda: engine.paused)
    engine.close()
    assert (await posting).body == b"ok"
    slow.step()
    await until(lambda: not server.sio._tasks)


@pytest.mark.gen_test
async def test_events_behind_a_disconnect_are_not_handled(server: ProtocolServer, slow: Slow) -> None:
    client = await join(server)
    client.send_text('42["slow",1]', '42["slow",2]', "41", "40", '42["slow",3]')
    assert (await client.text()).startswith("40{")
    slow.step(2)
    await until(lambda: len(slow.began) == 2)
    assert slow.began == [1, 3]


@pytest.mark.gen_test
async def test_handler_that_expels_its_own_client(server: ProtocolServer) -> None:
    @server.sio.on("expel me")
    def expel(socket: Socket) -> str:
        socket.disconnect()
        return "nobody hears it"

    client = await join(server)
    client.send_text('420["expel me"]', '421["expel me"]')
    assert await client.text() == "41"
    await settle(client)


# Answers.


@pytest.mark.parametrize(
    ("result", "ack"),
    [
        (None, "[]"),
        ((), "[]"),
        ((1, 2), "[1,2]"),
        ([1, 2], "[[1,2]]"),
        ({"a": None}, '[{"a":null}]'),
        (False, "[false]"),
        ("é", '["é"]'),
        ((None,), "[null]"),
    ],
)
@pytest.mark.gen_test
async def test_what_is_acknowledged(server: ProtocolServer, result: object, ack: str) -> None:
    server.sio.on("plain")(lambda socket: result)

    @server.sio.on("async")
    async def handle(socket: Socket) -> object:
        return result

    client = await join(server)
    client.send_text('420["plain"]', '421["async"]', '42["plain"]', '42["async"]')
    assert [await client.text(), await client.text()] == [f"430{ack}", f"431{ack}"]
    await settle(client)


@pytest.mark.gen_test
async def test_acks_are_wrapped(server: ProtocolServer) -> None:
    server.sio.behaviour.wrap_ack = lambda result: {"ok": True, **(result or {})}
    server.sio.on("event")(lambda socket, *args: args[0] if args else None)
    client = await join(server)
    client.send_text('420["event",{"a":1}]', '421["event"]')
    assert [await client.text(), await client.text()] == ['430[{"ok":true,"a":1}]', '431[{"ok":true}]']


# Errors.


def fail_plainly(socket: Socket, *args: Any) -> None:
    raise ZeroDivisionError("a secret")


async def fail_later(socket: Socket, *args: Any) -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError("a secret")


async def await_what_is_cancelled(socket: Socket, *args: Any) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


def answer_what_json_cannot_hold(socket: Socket, *args: Any) -> object:
    return object()


@pytest.mark.parametrize("handler", [fail_plainly, fail_later, await_what_is_cancelled, answer_what_json_cannot_hold])
@pytest.mark.gen_test
async def test_error_of_a_handler_is_logged_and_hidden(
    server: ProtocolServer, logged_errors: ErrorLog, handler: Any
) -> None:
    server.sio.on("event")(handler)
    server.sio.on("next")(lambda socket: "next")
    client = await join(server)
    client.send_text('420["event"]', '421["next"]')
    assert await client.text() == '430[{"ok":false,"error":{"code":"internal","message":"internal"}}]'
    assert await client.text() == '431["next"]'
    assert len(logged_errors.pop_all()) == 1


@pytest.mark.parametrize("handler", [fail_plainly, fail_later])
@pytest.mark.gen_test
async def test_error_without_an_ack_is_an_event(server: ProtocolServer, logged_errors: ErrorLog, handler: Any) -> None:
    server.sio.on("event")(handler)
    client = await join(server)
    client.send_text('42["event","\\ud800"]')
    assert await client.text() == '42["error",{"event":"event","code":"internal","message":"internal"}]'
    assert len(logged_errors.pop_all()) == 1


@pytest.mark.gen_test
async def test_type_error_inside_a_handler_is_ours(server: ProtocolServer, logged_errors: ErrorLog) -> None:
    server.sio.on("event")(lambda socket, value: value + "")
    client = await join(server)
    client.send_text('420["event",1]')
    assert '"code":"internal"' in await client.text()
    assert "TypeError" in logged_errors.pop_all()[0]


@pytest.mark.gen_test
async def test_request_error_is_told(server: ProtocolServer) -> None:
    server.sio.describe = lambda error, handshake: f"{error.code.slug} in the words of {handshake.address}"

    @server.sio.on("event")
    async def handle(socket: Socket) -> None:
        raise RequestError(ErrorCode.NOT_FRIENDS, "detail", user="u")

    client = await join(server)
    client.send_text('420["event"]', '42["event"]')
    expected = {"code": "not_friends", "message": "not_friends in the words of 127.0.0.1", "user": "u"}
    acked, emitted = await client.text(), await client.text()
    assert json.loads(acked[3:]) == [{"ok": False, "error": expected}]
    assert json.loads(emitted[2:]) == ["error", {"event": "event", **expected}]


@pytest.mark.gen_test
async def test_unknown_events(server: ProtocolServer) -> None:
    client = await join(server)
    client.send_text('420["unknown"]', '42["unknown"]')
    await settle(client)

    def refuse(socket: Socket, event: str | float) -> None:
        raise RequestError(ErrorCode.UNKNOWN_EVENT, f"{event!r} is not known")

    server.sio.behaviour.on_unknown_event = refuse
    client.send_text('421["unknown"]', "42[7]")
    assert '"code":"unknown_event"' in await client.text()
    assert '"7 is not known"' in await client.text()


@pytest.mark.gen_test
async def test_close_lets_handlers_end_first(server: ProtocolServer, slow: Slow) -> None:
    client = await join(server)
    client.send_text('420["slow",1]', '421["slow",2]')
    await until(lambda: slow.began)
    closing = asyncio.ensure_future(server.sio.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing.done()
    slow.step(2)
    await closing
    assert slow.began == [1, 2]
    assert [(await client.text())[:3] for _ in range(2)] == ["430", "431"]  # answered before the close
