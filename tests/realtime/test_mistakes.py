"""What a program or a client gets wrong most easily, and what it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from server.errors import ErrorCode, RequestError
from server.realtime.origins import OriginPolicy
from server.realtime.sockets import Socket
from tests.support.engineio import ProtocolServer
from tests.support.leftovers import ErrorLog
from tests.support.members import join


@pytest.mark.gen_test
async def test_plain_middleware(server: ProtocolServer) -> None:
    @server.sio.use
    def let_in(socket: Socket) -> None:
        socket.data["in"] = True

    _, socket = await join(server)
    assert socket.data == {"in": True}


@pytest.mark.parametrize("sent", ['["one"]', '["one",1,2]'])
@pytest.mark.gen_test
async def test_arguments_that_a_handler_does_not_take_are_the_clients_fault(server: ProtocolServer, sent: str) -> None:
    @server.sio.on("one")
    def one(socket: Socket, value: Any) -> None:
        raise AssertionError("not called")

    client, _ = await join(server)
    client.send_text(f"427{sent}")
    (answer,) = json.loads((await client.text()).removeprefix("437"))
    count = sent.count(",")
    assert answer["error"]["code"] == "invalid_input"
    assert answer["error"]["message"] == f"'one' takes (value); got {count} arguments"


@pytest.mark.gen_test
async def test_registrations_that_cannot_be_meant(server: ProtocolServer) -> None:
    with pytest.raises(TypeError, match="event's name"):
        server.sio.on(lambda socket: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="compiled pattern or a function"):
        server.sio.dynamic_namespace("/orders-.*")  # type: ignore[arg-type]


def test_origins_are_a_list() -> None:
    with pytest.raises(TypeError, match="list of texts"):
        OriginPolicy("https://*.example")


@pytest.mark.parametrize(
    "origin", ["", "app.example", "https://", "https://*.example", "https://app.example/path", "**"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="an origin is scheme://host"):
        OriginPolicy([origin])


@pytest.mark.parametrize(
    "origin", ["*", "https://app.example", "http://127.0.0.1:5173/", "capacitor://localhost", "http://[::1]:80"]
)
def test_what_is_an_origin_is_taken(origin: str) -> None:
    assert OriginPolicy([origin]).refusal(origin, "http", "elsewhere") is None


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.gen_test
async def test_error_that_cannot_be_written_holds_up_nothing(
    server: ProtocolServer, logged_errors: ErrorLog, is_async: bool
) -> None:
    def refuse(socket: Socket) -> None:
        raise RequestError(ErrorCode.CONFLICT, what=object())

    async def refuse_later(socket: Socket) -> None:
        await asyncio.sleep(0)
        refuse(socket)

    server.sio.on("refuse")(refuse_later if is_async else refuse)
    server.sio.on("echo")(lambda socket, value: value)
    client, _ = await join(server)
    client.send_text('421["refuse"]')
    client.send_text('422["echo",1]')
    assert await client.text() == "432[1]"
    assert "could not be told" in logged_errors.pop_all()[0]
