"""Who is connected, as operators see it, and how they end a connection."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tornado.websocket import websocket_connect

from server.domain.rooms import user_room
from server.settings import Settings
from server.settings_help import shown_settings
from tests.support.product_server import ProductServer

SID = re.compile(r'"sid":"([^"]+)"')


async def clients(server: ProductServer, chief: Any, query: str = "") -> list[Any]:
    answer = await server.call("GET", f"/api/operators/clients{query}", token=chief["access_token"])
    assert answer.status == 200, answer.json
    return list(answer.data["clients"])


@pytest.mark.gen_test
async def test_every_transport_is_listed_without_any_session_id(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    await server.chat(alice)
    opened = await server.fetch("/socket.io/?EIO=4&transport=polling")
    old = await server.fetch("/socket.io/?EIO=3&transport=polling")
    sids = [SID.search(answer.body.decode())[1] for answer in (opened, old)]  # type: ignore[index]
    stream = await websocket_connect(f"ws://127.0.0.1:{server.port}/ws/stock/prices?token={alice['access_token']}")
    await stream.read_message()
    listed = await clients(server, chief)
    assert [one["transport"] for one in listed] == ["websocket", "polling", "polling", "raw"]
    assert [one["user"] and one["user"]["username"] for one in listed] == ["alice", None, None, "alice"]
    assert {one["address"] for one in listed} == {"127.0.0.1"}
    assert listed[0]["bytes_in"] > 0 and listed[0]["bytes_out"] > 0
    assert [bool(one["outbox_bytes"]) for one in listed] == [False, False, True, False]  # version 3 is let in unasked
    everything = json.dumps(listed)
    for one in listed:
        shown = await server.call("GET", f"/api/operators/clients/{one['id']}", token=chief["access_token"])
        everything += json.dumps(shown.data)
        assert len(shown.data["client"]["rooms"]) == one["rooms"]
    for sid in sids:
        assert sid[:6] not in everything
    stream.close()


@pytest.mark.gen_test
async def test_the_list_is_narrowed_and_read_in_pages(server: ProductServer) -> None:
    chief = await server.operator()
    alice, bob = await server.friends()
    for who in (alice, bob, alice):
        await server.chat(who)
    everyone = [one["id"] for one in await clients(server, chief)]
    assert len(everyone) == 3
    hers = await clients(server, chief, f"?user={alice['user']['id']}")
    assert [one["id"] for one in hers] == [everyone[0], everyone[2]]
    in_room = await clients(server, chief, f"?room={user_room(bob['user']['id'])}")
    assert [one["id"] for one in in_room] == [everyone[1]]
    first = await server.call("GET", "/api/operators/clients?limit=2", token=chief["access_token"])
    assert ([one["id"] for one in first.data["clients"]], first.data["has_more"]) == (everyone[:2], True)
    rest = await server.call("GET", f"/api/operators/clients?after={everyone[1]}", token=chief["access_token"])
    assert ([one["id"] for one in rest.data["clients"]], rest.data["has_more"]) == (everyone[2:], False)
    for wrong in ("?after=x", "?after=ffffff-1", "?limit=0"):
        assert (await server.call("GET", f"/api/operators/clients{wrong}", token=chief["access_token"])).status == 400


@pytest.mark.gen_test
async def test_a_connection_is_ended_and_others_are_not(server: ProductServer) -> None:
    chief = await server.operator()
    alice, bob = await server.friends()
    hers, his = await server.chat(alice), await server.chat(bob)
    stream = await websocket_connect(f"ws://127.0.0.1:{server.port}/ws/stock/prices?token={alice['access_token']}")
    await stream.read_message()
    for one in await clients(server, chief, f"?user={alice['user']['id']}"):
        path = f"/api/operators/clients/{one['id']}/disconnect"
        assert (await server.call("POST", path, token=chief["access_token"])).status == 200
        assert (await server.call("POST", path, token=chief["access_token"])).status == 404
    await hers.disconnected.wait()
    assert await stream.read_message() is None
    assert stream.close_code == 1001
    stream.close()
    assert (await his.ask("ping"))["ok"]
    await server.community.audit.close()
    entries = await server.community.audit.newest("", "client.disconnect", "", 10)
    assert len(entries) == 4


@pytest.mark.gen_test
async def test_the_overview_counts_what_is_there(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    await server.chat(alice)
    await server.chat(alice)
    await server.fetch("/socket.io/?EIO=4&transport=polling")
    overview = (await server.call("GET", "/api/operators/overview", token=chief["access_token"])).data
    assert overview["connections"] == {"websocket": 2, "polling": 1}
    assert overview["users"] == 1
    process = overview["process"]
    assert process["memory_bytes"] > 1_000_000
    clients = (await server.call("GET", "/api/operators/clients", token=chief["access_token"])).data["clients"]
    assert {client["id"].partition("-")[0] for client in clients} == {process["id"]}
    asked = overview["commands"]["database"]
    again = (await server.call("GET", "/api/operators/overview", token=chief["access_token"])).data
    assert again["commands"]["database"]["count"] >= asked["count"] >= 0
    assert overview["totals"]["connections_opened"] == 2
    assert overview["opens"] == {"websocket": 2, "polling": 1} and overview["closes"] == {}
    assert overview["uptime_seconds"] >= 0


@pytest.mark.gen_test
async def test_what_is_no_connection_is_not_found(server: ProductServer) -> None:
    chief = await server.operator()
    for name in ("x", "ffffff-1", "-", "%00", "1", "0" * 24):
        missing = await server.call("GET", f"/api/operators/clients/{name}", token=chief["access_token"])
        assert (missing.status, missing.data) == (404, {"error": "not_found"})


@pytest.mark.gen_test
async def test_the_settings_are_shown_without_any_secret(server: ProductServer) -> None:
    secret = "Zk3-" + "q7Yw" * 12
    settings = Settings(jwt_secret=secret, mongodb_uri="mongodb://root:hidden@db.example/", ping_interval=7.0)
    server.services.operation.settings = shown_settings(settings)
    chief = await server.operator()
    answer = await server.call("GET", "/api/operators/settings", token=chief["access_token"])
    shown = {one["name"]: one for one in answer.data["settings"]}
    assert shown["jwt_secret"] == {"name": "jwt_secret", "value": "***", "usual": "", "secret": True}
    assert shown["mongodb_uri"]["value"] == "mongodb://***@db.example/"
    assert shown["ping_interval"]["value"] != shown["ping_interval"]["usual"]
    assert shown["port"]["value"] == shown["port"]["usual"]
    assert secret not in json.dumps(answer.json) and "hidden" not in json.dumps(answer.json)


@pytest.mark.gen_test
async def test_who_went_is_counted_by_reason(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    client = await server.chat(alice)
    [listed] = await clients(server, chief)
    await server.call("POST", f"/api/operators/clients/{listed['id']}/disconnect", token=chief["access_token"])
    await client.disconnected.wait()
    overview = (await server.call("GET", "/api/operators/overview", token=chief["access_token"])).data
    assert sum(overview["closes"].values()) == 1
