"""Events: in order however long a handler waits, held against shape, rate and access, errors told and hidden."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.realtime.socketio_server import SocketOptions
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
    server.sio.root.wrap_ack = lambda result: {"ok": True, **(result or {})}
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
async def test_wrong_number_of_arguments_is_the_handlers_error(server: ProtocolServer, logged_errors: ErrorLog) -> None:
    server.sio.on("event")(lambda socket: None)
    client = await join(server)
    client.send_text('420["event",1,2,3]')
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

    server.sio.root.on_unknown_event = refuse
    client.send_text('421["unknown"]', "42[7]")
    assert '"code":"unknown_event"' in await client.text()
    assert '"7 is not known"' in await client.text()


# Shape, rate, access.


class Item(msgspec.Struct):
    name: str
    count: int = 1


class Order(msgspec.Struct):
    items: list[Item]
    note: str | None = None
    data: bytes | None = None


@pytest.mark.parametrize(
    ("args", "note"),
    [
        ('{"items":[{"name":"a"}]}', None),
        ('{"items":[],"note":"n"}', "n"),
        ('{"items":[],"unknown":{"is":"ignored"}}', None),
        ('{"items":[],"note":"\\ud800"}', "\ud800"),
        ('{"items":[],"note":"first"},"second argument"', "first"),
    ],
)
@pytest.mark.gen_test
async def test_payload_that_fits(server: ProtocolServer, args: str, note: str | None) -> None:
    taken: list[Order] = []

    @server.sio.on("order", payload=Order)
    def order(socket: Socket, request: Order) -> str:
        taken.append(request)
        return "taken"

    client = await join(server)
    client.send_text(f'420["order",{args}]')
    assert await client.text() == '430["taken"]'
    assert [request.note for request in taken] == [note]


@pytest.mark.gen_test
async def test_payload_with_an_attachment(server: ProtocolServer) -> None:
    server.sio.on("order", payload=Order)(lambda socket, request: request.data)
    client = await join(server)
    client.send_text('451-0["order",{"items":[],"data":{"_placeholder":true,"num":0}}]')
    client.send_binary(b"\x01")
    assert await client.text() == '461-0[{"_placeholder":true,"num":0}]'
    assert await client.binary() == b"\x01"


@pytest.mark.parametrize(
    "args",
    [
        "",
        ",null",
        ",[]",
        ',"text"',
        ",{}",
        ',{"items":null}',
        ',{"items":[{"name":1}]}',
        ',{"items":[{"name":"a","count":1.5}]}',
        ',{"items":[{"name":"a","count":1e300}]}',
        ',{"items":[{"name":"a","count":100000000000000000000000000}]}',
        ',{"items":[{"\\ud800":"a"}]}',
        ',{"\\ud800":[]}',
        ',{"items":[],"data":"%%%"}',
        ',{"items":[],"data":"é"}',
        ',{"items":' + "[" * 150 + "]" * 150 + "}",
    ],
)
@pytest.mark.gen_test
async def test_payload_that_does_not_fit(server: ProtocolServer, args: str) -> None:
    server.sio.on("order", payload=Order)(lambda socket, request: "taken")
    client = await join(server)
    client.send_text(f'420["order"{args}]')
    answer = json.loads((await client.text())[3:])
    assert answer[0]["error"]["code"] == "invalid_input"


@pytest.mark.gen_test
async def test_rate(server: ProtocolServer) -> None:
    handled: list[int] = []
    server.sio.on("event", rate=Rate(2, 4.0))(lambda socket, number: handled.append(number))
    one, two = await join(server), await join(server)
    one.send_text('420["event",0]', '421["event",1]', '422["event",2]')
    assert [await one.text(), await one.text()] == ["430[]", "431[]"]
    error = json.loads((await one.text())[3:])[0]["error"]
    assert (error["code"], error["retry_after"]) == ("rate_limited", 0.25)
    two.send_text('420["event",3]')
    assert await two.text() == "430[]"  # each socket has a bucket of its own
    server.clock.advance(0.25)
    one.send_text('423["event",4]', '424["event",5]')
    assert await one.text() == "433[]"
    assert '"rate_limited"' in await one.text()
    assert handled == [0, 1, 3, 4]


@pytest.mark.gen_test
async def test_access_is_asked_before_rate_and_shape(server: ProtocolServer) -> None:
    asked: list[object] = []

    def authorize(socket: Socket, access: object) -> None:
        asked.append(access)
        if access == "locked":
            raise RequestError(ErrorCode.FORBIDDEN, "locked")

    server.sio.root.authorize = authorize
    server.sio.on("locked", access="locked", rate=Rate(1, 0.1), payload=Order)(lambda socket, request: "taken")
    server.sio.on("open", access="open")(lambda socket: "taken")
    client = await join(server)
    for number in range(3):
        client.send_text(f'42{number}["locked",null]')
        assert '"code":"forbidden"' in await client.text()
    client.send_text('423["open"]')
    assert await client.text() == '433["taken"]'
    assert asked == ["locked", "locked", "locked", "open"]


# Registration.


@pytest.mark.gen_test
async def test_registration(server: ProtocolServer) -> None:
    sio = server.sio
    sio.on("event")(lambda socket: None)
    with pytest.raises(ValueError, match="handler already"):
        sio.on("event")
    with pytest.raises(ValueError, match="slash"):
        sio.namespace("no slash")
    assert sio.namespace("/") is sio.root
    assert sio.namespace("/a") is sio.namespace("/a")
    assert sio.find_namespace("/b") is None
    assert SocketOptions().max_pending_events == 64


@pytest.mark.gen_test
async def test_close_waits_for_running_handlers(server: ProtocolServer, slow: Slow) -> None:
    client = await join(server)
    client.send_text('42["slow",1]', '42["slow",2]')
    await until(lambda: slow.began)
    closing = asyncio.ensure_future(server.sio.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing.done()
    slow.step()
    await closing
    assert slow.began == [1]
