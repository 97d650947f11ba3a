"""Events held against shape, rate and access; what may be registered."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.realtime.socketio_server import SocketOptions
from server.realtime.sockets import Socket
from tests.support import frames
from tests.support.engineio import SOCKET_PATH, ProtocolServer
from tests.support.engineio import Socket as Client


async def join(server: ProtocolServer) -> Client:
    client = await Client.start(server, SOCKET_PATH)
    client.send_text("40")
    assert (await client.text()).startswith("40{")
    return client


async def settle(client: Client) -> None:
    client.send(frames.client_frame(9, b"settled"))
    assert await client.frame() == (0x8A, b"settled")


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

    server.sio.behaviour.authorize = authorize
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


# What is counted.


@pytest.mark.gen_test
async def test_the_time_of_every_handler_is_counted_and_of_no_name_that_a_client_makes_up(
    server: ProtocolServer,
) -> None:
    clock, released = server.clock, asyncio.Event()

    @server.sio.on("plain")
    def plain(socket: Socket) -> None:
        clock.advance(0.004)

    @server.sio.on(7)
    async def number(socket: Socket) -> None:
        await released.wait()

    @server.sio.on("wrong")
    def wrong(socket: Socket) -> None:
        raise RequestError(ErrorCode.FORBIDDEN)

    client = await join(server)
    for text in ('["plain"]', '["plain"]', '["wrong"]', '["made up"]', "[7]"):
        client.send_text(f"42{text}")
    assert (await client.text()).startswith('42["error"')
    await settle(client)
    clock.advance(0.2)
    released.set()
    while "7" not in server.runtime.metrics.event_times:
        await settle(client)
    times = server.runtime.metrics.event_times
    assert {name: (sum(one.counts), round(one.total, 3)) for name, one in times.items()} == {
        "plain": (2, 0.008),
        "wrong": (1, 0.0),
        "7": (1, 0.2),
    }
