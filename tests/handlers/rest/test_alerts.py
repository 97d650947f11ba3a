from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.product_server import ProductServer
from tests.support.quoting import quote


async def trade(server: ProductServer, price: float) -> None:
    """Let a quote of Kweichow Moutai come, of this moment."""
    news = quote("600519.SH", price, timestamp=server.clock.now())
    server.community.quotes[news.symbol] = news
    server.community.watch.take([news])
    await server.community.watch.settle()


@pytest.mark.gen_test
async def test_an_alert_fires_once_on_all_devices_of_its_user(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    token = alice["access_token"]
    devices = [await server.chat(alice), await server.chat(alice)]
    stranger = await server.chat(bob)
    made = await server.call("POST", "/api/alerts", {"symbol": "600519", "kind": "above", "value": 105}, token=token)
    assert (made.status, made.data["symbol"], made.data["status"]) == (201, "600519.SH", "active")
    path = f"/api/v1/alerts/{made.data['id']}"
    await trade(server, 104.99)
    for price in (105.5, 106.0):
        await trade(server, price)
    for device in devices:
        told = (await device.next("alert_fired"))["alert"]
        assert (told["id"], told["status"], told["fired"]["price"]) == (made.data["id"], "fired", 105.5)
        assert told["fired"]["at"].endswith("+08:00")
        notification = await device.next("notification")
        assert (notification["type"], notification["link"]) == ("price_alert", "/#/market/600519.SH")
    for status, expected in (("fired", [told]), ("active", []), ("", [told])):
        assert (await server.call("GET", f"/api/alerts?status={status}", token=token)).data == {"alerts": expected}
    again = await server.call("PATCH", path, {"active": True, "value": 107.0}, token=token)
    assert (again.status, again.data) == (200, {**made.data, "value": 107.0})
    assert (await server.call("DELETE", path, token=token)).data is None
    assert (await server.call("DELETE", path, token=token)).status == 404
    await trade(server, 120.0)
    left = [client.events.get_nowait()[0] for client in (*devices, stranger) for _ in range(client.events.qsize())]
    assert set(left) <= {"unread_counts"}


@pytest.mark.gen_test
async def test_what_is_no_alert(server: ProductServer) -> None:
    token = (await server.register("alice"))["access_token"]
    await trade(server, 100.0)
    good: dict[str, Any] = {"symbol": "600519", "kind": "above", "value": 105.0}
    for change in (
        {"symbol": "999999"},
        {"symbol": 600519},
        {"kind": "sideways"},
        {"value": 0},
        {"value": -5},
        {"value": 105.001},
        {"value": 99.0},
        {"value": "105"},
        {"value": None},
        {"kind": "change_percent", "value": 0},
    ):
        refused = await server.call("POST", "/api/alerts", {**good, **change}, token=token)
        assert (refused.status, refused.data) == (400, {"error": "invalid_input"}), change
    for number in ("1e999", "NaN", "-Infinity"):
        sent = json.dumps(good).replace("105.0", number).encode()
        assert (await server.call("POST", "/api/alerts", sent, token=token)).status == 400, number
    assert (await server.call("GET", "/api/alerts?status=asleep", token=token)).status == 400
    alert_id = (await server.call("POST", "/api/alerts", good, token=token)).data["id"]
    for body in ({}, {"active": False}, {"active": False, "value": 110.0}, {"value": 90.0}):
        assert (await server.call("PATCH", f"/api/alerts/{alert_id}", body, token=token)).status == 400, body


@pytest.mark.gen_test
async def test_without_a_token_nothing_is_told(server: ProductServer) -> None:
    for method, path in (
        ("GET", "/api/alerts"),
        ("POST", "/api/alerts"),
        ("PATCH", "/api/alerts/x"),
        ("DELETE", "/api/alerts/x"),
    ):
        assert (await server.call(method, path)).status == 401, path
