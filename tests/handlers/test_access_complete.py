"""The access matrix has a row for all there is, and who proves nothing gets nowhere."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import sys
from typing import Any

import msgspec
import pytest
from tornado.web import RequestHandler

from handlers import routes
from handlers.base import ApiHandler
from server.auth.access import Access
from server.protocol.websocket_frames import CloseCode, Opcode
from tests.handlers.access.events import EVENTS
from tests.handlers.access.rest import ELSEWHERE, GUARDED_STREAMS, PUBLIC, REST
from tests.support.access import Actor, Call
from tests.support.town import Town
from tests.support.wire import WebSocketWire

ID_FIELD = re.compile(r"(\w+_)?(id|ids|members|reply_to)")
NO_ID = {"client_msg_id"}
"""Named like an id, but chosen by the client."""


def methods(handler: type[Any]) -> list[str]:
    """Return what a REST class answers itself; HEAD goes with GET, OPTIONS with anything."""
    own = (name for name in RequestHandler.SUPPORTED_METHODS if name not in {"HEAD", "OPTIONS"})
    return [name for name in own if getattr(handler, name.lower()) is not getattr(RequestHandler, name.lower())]


def rest_routes() -> list[tuple[str, type[ApiHandler]]]:
    """Return the URL table with ``{}`` for each id."""
    return [(re.sub(r"\(.*?\)", "{}", pattern), handler) for pattern, handler in routes.REST]


def general(row: Call) -> str:
    """Return the path of a row in the same way."""
    return re.sub(r"{\w+}", "{}", row.path)


def shapes_of(module: str) -> list[type[msgspec.Struct]]:
    """Return the shapes of bodies and queries that a module of handlers has."""
    own = [item for item in vars(sys.modules[module]).values() if getattr(item, "__module__", "") == module]
    return [item for item in own if isinstance(item, type) and issubclass(item, msgspec.Struct)]


def fields_of(shape: type[msgspec.Struct] | None) -> set[str]:
    """Return the fields of a payload that hold ids."""
    fields = msgspec.structs.fields(shape) if shape else ()
    return {field.encode_name for field in fields if field.name not in NO_ID and ID_FIELD.fullmatch(field.name)}


def test_every_rest_call_has_a_row() -> None:
    guarded: set[str] = set()
    public: set[str] = set()
    for path, handler in rest_routes():
        calls = public if handler.access is Access.PUBLIC else guarded
        calls |= {f"{method} {path}" for method in methods(handler)}
    assert guarded == {f"{row.method} {general(row)}" for row in REST}
    assert public == PUBLIC.keys()


def test_every_id_of_a_rest_call_stands_in_a_row() -> None:
    for module in {handler.__module__ for _, handler in rest_routes()}:
        paths = {path for path, handler in rest_routes() if handler.__module__ == module}
        rows = [row for row in REST if general(row) in paths]
        ids = set().union(*map(fields_of, shapes_of(module)))
        assert ids <= set().union(*(row.fields() for row in rows)), module


@pytest.mark.gen_test
async def test_every_event_and_every_id_of_it_has_a_row(town: Town) -> None:
    specs = town.server.sio.root.behaviour.events
    assert {row.name for row in EVENTS} == specs.keys()
    for name, spec in specs.items():
        ids = set().union(*(row.fields() for row in EVENTS if row.name == name))
        assert fields_of(spec.payload) <= ids, name


@pytest.mark.gen_test
async def test_every_other_door_is_known(town: Town) -> None:
    server = town.server
    table = routes.table(server.runtime, server.sio, server.services, server.services.accounts.authenticate)
    rest = {f"/api{version}{pattern}" for pattern, _ in routes.REST for version in ("", "/v1")}
    assert {pattern for pattern, *_ in table} - rest == ELSEWHERE.keys()


@pytest.mark.gen_test
async def test_the_diagnostic_pages_can_be_switched_off(town: Town) -> None:
    server = town.server
    services = dataclasses.replace(server.services, diagnostics=False)
    table = routes.table(server.runtime, server.sio, services, server.services.accounts.authenticate)
    assert [pattern for pattern, *_ in table if "/tests" in pattern] == []


@pytest.mark.gen_test
async def test_no_call_without_a_valid_token(town: Town) -> None:
    wrong = []
    tokens = await town.invalid_tokens()
    await town.heard()
    before = await town.stored()
    for row in REST:
        for kind, token in tokens.items():
            for method, prefix in ((row.method, "/api"), (row.method, "/api/v1"), ("HEAD", "/api")):
                if method == "HEAD" and row.method != "GET":
                    continue
                reply = await town.rest(row, town.ids[Actor.MEMBER], token, method=method, prefix=prefix)
                if reply.status != 401 or reply.outcome != ("unauthorized" if method != "HEAD" else ""):
                    wrong.append(f"{row} at {prefix}, token {kind}: {reply}")
        if heard := await town.heard():
            wrong.append(f"{row}: heard {heard}")
        if await town.stored() != before:
            wrong.append(f"{row}: something was stored")
    assert not wrong, "\n".join(wrong)


@pytest.mark.gen_test
async def test_the_cookie_changes_nothing(town: Town) -> None:
    wrong = []
    sign_in = await town.server.register("erin")
    before = await town.stored()
    for row in REST:
        cookie = f"stock_insight_session={sign_in['refresh_token']}"
        reply = await town.rest(row, town.ids[Actor.MEMBER], None, Cookie=cookie)
        if (reply.status == 401) != (row.method != "GET"):
            wrong.append(f"{row}: {reply}")
    assert not wrong, "\n".join(wrong)
    assert await town.stored() == before
    assert await town.heard() == {}


async def intruder(town: Town, row: Call, token: str | None) -> list[Any]:
    """Connect with a token and send an event all the same; return what came of it beside the refusal."""
    client = await town.server.connect({} if token is None else {"token": token})
    refusal = client.connected.result()
    await client.tell(row.name, row.filled(town.ids[Actor.MEMBER]))
    await client.close()
    return [*client.order, *([] if refusal.get("data") == {"code": "unauthorized"} else [refusal])]


@pytest.mark.gen_test
async def test_no_event_without_a_valid_token(town: Town) -> None:
    wrong = []
    tokens = await town.invalid_tokens()
    await town.heard()
    before = await town.stored()
    for kind, token in tokens.items():
        clients = await asyncio.gather(*(intruder(town, row, token) for row in EVENTS))
        wrong += [f"{row}, token {kind}: {got}" for row, got in zip(EVENTS, clients, strict=True) if got]
        if heard := await town.heard():
            wrong.append(f"token {kind}: heard {heard}")
    if await town.stored() != before:
        wrong.append("something was stored")
    assert not wrong, "\n".join(wrong)


@pytest.mark.gen_test
async def test_no_guarded_stream_without_a_valid_token(town: Town) -> None:
    port, tokens = town.server.port, await town.invalid_tokens()
    for path in GUARDED_STREAMS:
        for kind, token in tokens.items():
            async with await WebSocketWire.connect(port, path if token is None else f"{path}?token={token}") as wire:
                first = await wire.frame()
                code = int.from_bytes(first.payload[:2], "big")
                assert (first.opcode, code) == (Opcode.CLOSE, CloseCode.UNAUTHORIZED), (path, kind)
        own = town.residents[Actor.MEMBER].token
        async with await WebSocketWire.connect(port, f"{path}?token={own}") as wire:
            assert json.loads(await wire.text())["type"] == "connected"
