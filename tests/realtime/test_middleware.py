"""Being accepted: middleware in order, refusals, and nothing received or handled before the decision."""

from __future__ import annotations

import asyncio
import json

import pytest

from server.errors import ErrorCode, RequestError
from server.realtime.sockets import Socket, SocketState
from tests.support import frames
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer
from tests.support.engineio import Socket as Client
from tests.support.leftovers import ErrorLog
from tests.support.wire import until


class Gate:
    """A middleware that waits until the test lets each socket through, or refuses it."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Socket, asyncio.Future[None]]] = []

    async def __call__(self, socket: Socket) -> None:
        decision: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((socket, decision))
        await decision

    async def arrival(self, count: int = 1) -> tuple[Socket, asyncio.Future[None]]:
        """Wait until ``count`` sockets have come; return the last."""
        await until(lambda: len(self.waiting) >= count)
        return self.waiting[count - 1]


@pytest.fixture
def gate(server: ProtocolServer) -> Gate:
    made = Gate()
    server.sio.use(made)
    return made


async def settle(client: Client) -> None:
    """Wait until all that the client sent has been taken, and check that nothing came of it."""
    client.send(frames.client_frame(9, b"settled"))
    assert await client.frame() == (0x8A, b"settled")


@pytest.mark.gen_test
async def test_nothing_is_received_or_handled_before_acceptance(server: ProtocolServer, gate: Gate) -> None:
    handled: list[object] = []
    server.sio.on("event")(lambda socket, *args: handled.append(args))
    server.sio.on_connect(lambda socket: handled.append("connected"))
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40", '42["event",1]', '420["event",2]', '451-["event",{"_placeholder":true,"num":0}]')
    client.send_binary(b"\x03")
    socket, decision = await gate.arrival()
    await settle(client)
    server.sio.emit("broadcast")
    server.sio.to(socket.id).emit("to its id")
    await settle(client)
    assert (handled, socket.state, server.sio.root.sockets) == ([], SocketState.CONNECTING, {})
    decision.set_result(None)
    assert await client.text() == f'40{{"sid":"{socket.id}"}}'
    assert await client.text() == "430[]"
    assert handled == ["connected", (1,), (2,), (b"\x03",)]


@pytest.mark.gen_test
async def test_refusal(server: ProtocolServer, gate: Gate) -> None:
    handled: list[object] = []
    server.sio.on("event")(lambda socket: handled.append("event"))
    server.sio.on_connect(lambda socket: handled.append("connected"))
    server.sio.on_disconnect(lambda socket, reason: handled.append(reason))
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40", '42["event"]')
    socket, decision = await gate.arrival()
    socket.join("room")
    socket.emit("never sent")
    decision.set_exception(RequestError(ErrorCode.RATE_LIMITED, "too many", retry_after=5))
    answer = await client.text()
    assert answer[:2] == "44"
    assert json.loads(answer[2:]) == {"message": "too many", "data": {"code": "rate_limited", "retry_after": 5}}
    client.send_text('42["event"]')  # was on its way
    await settle(client)
    assert (handled, socket.state) == ([], SocketState.DISCONNECTED)
    assert not server.runtime.hub.has_members("room")
    client.send_text("40")
    _, decision = await gate.arrival(2)
    decision.set_result(None)
    assert (await client.text()).startswith("40{")


@pytest.mark.gen_test
async def test_refusal_without_a_detail_names_the_code(server: ProtocolServer, gate: Gate) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    _, decision = await gate.arrival()
    decision.set_exception(RequestError(ErrorCode.UNAUTHORIZED))
    assert await client.text() == '44{"message":"unauthorized","data":{"code":"unauthorized"}}'


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), asyncio.CancelledError()])
@pytest.mark.gen_test
async def test_middleware_that_fails_hides_why(
    server: ProtocolServer, gate: Gate, logged_errors: ErrorLog, error: BaseException
) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    _, decision = await gate.arrival()
    if isinstance(error, asyncio.CancelledError):
        decision.cancel()
    else:
        decision.set_exception(error)
    assert await client.text() == '44{"message":"internal","data":{"code":"internal"}}'
    (logged,) = logged_errors.pop_all()
    assert type(error).__name__ in logged


@pytest.mark.gen_test
async def test_middleware_runs_in_order_until_one_refuses(server: ProtocolServer) -> None:
    ran: list[str] = []

    @server.sio.use
    async def first(socket: Socket) -> None:
        await asyncio.sleep(0)
        ran.append("first")
        socket.data["user"] = "u"

    @server.sio.use
    async def second(socket: Socket) -> None:
        ran.append(f"second knows {socket.data['user']}")
        raise RequestError(ErrorCode.FORBIDDEN)

    @server.sio.use
    async def third(socket: Socket) -> None:
        ran.append("third")

    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    assert (await client.text()).startswith("44")
    assert ran == ["first", "second knows u"]


@pytest.mark.gen_test
async def test_refused_client_has_the_connect_timeout_to_try_again(server: ProtocolServer, gate: Gate) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    _, decision = await gate.arrival()
    server.advance(20)
    decision.set_exception(RequestError(ErrorCode.UNAUTHORIZED))
    await client.text()
    server.advance(44)
    assert server.sio.engine.clients
    assert await client.text() == "2"
    server.advance(1.1)
    assert (await client.closed()).code == 1008


@pytest.mark.gen_test
async def test_no_time_limit_while_the_decision_is_awaited(server: ProtocolServer, gate: Gate) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    _, decision = await gate.arrival()
    for _ in range(3):
        server.advance(25)
        assert await client.text() == "2"
        client.send_text("3")
        await settle(client)
    decision.set_result(None)
    assert (await client.text()).startswith("40{")


@pytest.mark.parametrize("end", ["41", "1", "7", "socket"])
@pytest.mark.gen_test
async def test_client_that_leaves_before_the_decision(server: ProtocolServer, gate: Gate, end: str) -> None:
    handled: list[object] = []
    server.sio.on_connect(lambda socket: handled.append("connected"))
    server.sio.on_disconnect(lambda socket, reason: handled.append(reason))
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    socket, decision = await gate.arrival()
    socket.join("room")
    if end == "socket":
        client.reset()
    else:
        client.send_text(end)
    await until(lambda: socket.state is SocketState.DISCONNECTED)
    await until(decision.cancelled)  # nobody waits for it any more
    await until(lambda: not server.sio._tasks)
    assert handled == []
    assert not server.sio.root.sockets
    assert not server.runtime.hub.has_members("room")


@pytest.mark.gen_test
async def test_connect_again_before_the_first_decision(server: ProtocolServer, gate: Gate) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    first, first_decision = await gate.arrival(1)
    client.send_text("41", "40")
    second, second_decision = await gate.arrival(2)
    assert first_decision.cancelled()
    await settle(client)  # the answer to a CONNECT that was taken back is sent to nobody
    second_decision.set_result(None)
    assert await client.text() == f'40{{"sid":"{second.id}"}}'
    assert (first.state, second.state) == (SocketState.DISCONNECTED, SocketState.CONNECTED)


@pytest.mark.gen_test
async def test_second_connect_while_the_first_waits_closes(server: ProtocolServer, gate: Gate) -> None:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40", "40")
    assert (await client.closed()).code == 1002
    await until(lambda: not server.sio._tasks)
    assert not server.sio.root.sockets


@pytest.mark.gen_test
async def test_many_events_before_the_decision_wait_unread(server: ProtocolServer, gate: Gate) -> None:
    handled: list[int] = []
    server.sio.on("count")(lambda socket, number: handled.append(number))
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40", *[f'42["count",{number}]' for number in range(200)])
    _, decision = await gate.arrival()
    [engine] = server.sio.engine.clients.values()
    await until(lambda: engine.paused)
    assert handled == []
    decision.set_result(None)
    await until(lambda: len(handled) == 200)
    assert handled == list(range(200))
    assert not engine.paused


@pytest.mark.gen_test
async def test_namespaces_are_accepted_one_by_one(server: ProtocolServer, gate: Gate) -> None:
    server.sio.namespace("/open")
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40", "40/open,")
    assert (await client.text()).startswith("40/open,{")
    _, decision = await gate.arrival()
    decision.set_result(None)
    assert (await client.text()).startswith("40{")


@pytest.mark.gen_test
async def test_poll_before_acceptance_waits(server: ProtocolServer, gate: Gate) -> None:
    client = await Polling.open(server, SOCKET_PATH)
    poll = await client.begin_poll()
    await client.post("40", '42["event"]')
    socket, decision = await gate.arrival()
    server.sio.emit("broadcast")
    await client.post("6")
    decision.set_result(None)
    assert (await poll.answer()).body == f'40{{"sid":"{socket.id}"}}'.encode()


@pytest.mark.gen_test
async def test_failing_connect_handlers_are_logged_and_leave_the_socket_connected(
    server: ProtocolServer, logged_errors: ErrorLog
) -> None:
    def fail(socket: Socket) -> None:
        raise ZeroDivisionError

    async def fail_later(socket: Socket) -> None:
        await asyncio.sleep(0)
        raise KeyError("later")

    def fail_at_the_end(socket: Socket, reason: str) -> None:
        raise IndexError

    server.sio.on_connect(fail)
    server.sio.on_connect(fail_later)
    server.sio.on_connect(lambda socket: socket.emit("third"))
    server.sio.on_disconnect(fail_at_the_end)
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    assert (await client.text()).startswith("40{")
    assert await client.text() == '42["third"]'
    client.send_text("41")
    await until(lambda: not server.sio.root.sockets)
    await until(lambda: not server.sio._tasks)
    logged = logged_errors.pop_all()
    assert len(logged) == 3
    assert all(any(name in text for text in logged) for name in ("ZeroDivision", "KeyError", "IndexError"))
