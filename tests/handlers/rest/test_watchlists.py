from __future__ import annotations

from typing import Any

import pytest

from server.market.instruments import INSTRUMENTS
from tests.support.product_server import ProductServer
from tests.support.quoting import quote

LONG_NOTE = "🀄" * 200
"""Four bytes each, and twelve as JSON writes it."""


@pytest.mark.gen_test
async def test_a_list_is_the_same_on_all_devices(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    token = alice["access_token"]
    devices = [await server.chat(alice), await server.chat(alice)]
    stranger = await server.chat(bob)
    server.community.quotes["600519.SH"] = quote("600519.SH", 110.0)
    listed = await server.call("GET", "/api/v1/watchlists", token=token)
    [mine] = listed.data["watchlists"]
    path = f"/api/watchlists/{mine['id']}"
    put: dict[str, Any] = {"items": [{"symbol": "000001"}, {"symbol": "600519", "note": "new"}], "revision": 0}
    calls: list[tuple[str, str, Any, int]] = [
        ("PATCH", path, {"name": "Core"}, 200),
        ("PUT", f"{path}/items", {**put, "revision": 1}, 200),
        ("POST", f"{path}/items", {"symbol": "000001.SH", "position": 0}, 201),
        ("PATCH", f"{path}/items/600519", {"position": 0, "note": "top"}, 200),
        ("DELETE", f"{path}/items/000001.SZ", None, 200),
        ("POST", "/api/watchlists", {"name": "Other"}, 201),
    ]
    for method, target, body, status in calls:
        answer = await server.call(method, target, body, token=token)
        assert answer.status == status, answer.json
        for device in devices:
            assert await device.next("watchlist_updated") == {"watchlist": answer.data}
    first, other = (await server.call("GET", "/api/watchlists", token=token)).data["watchlists"]
    assert [(item["symbol"], item["note"]) for item in first["items"]] == [("600519.SH", "top"), ("000001.SH", "")]
    assert first["items"][0]["quote"]["change_percent"] == 10.0
    assert (first["name"], first["position"], first["revision"], other["position"]) == ("Core", 0, 5, 1)
    deleted = await server.call("DELETE", f"/api/watchlists/{other['id']}", token=token)
    assert (deleted.status, deleted.data) == (200, None)
    for device in devices:
        assert await device.next("watchlist_removed") == {"watchlist_id": other["id"]}
    assert stranger.events.empty()


@pytest.mark.gen_test
async def test_an_old_revision_is_told_the_present_state(server: ProductServer) -> None:
    alice = await server.register("alice")
    token, path = alice["access_token"], f"/api/watchlists/{alice['user']['id']}/items"
    stored = await server.call("PUT", path, {"items": [{"symbol": "600519"}], "revision": 0}, token=token)
    refused = await server.call("PUT", path, {"items": [{"symbol": "000001"}], "revision": 0}, token=token)
    assert (refused.status, refused.data) == (409, {"error": "conflict", "watchlist": stored.data})
    wrong: list[Any] = [{"items": []}, {"revision": 1}, {"items": [{"note": "x"}], "revision": 1}]
    for body in (*wrong, {"items": 1, "revision": 1}):
        assert (await server.call("PUT", path, body, token=token)).status == 400, body


@pytest.mark.gen_test
async def test_the_longest_list_fits_in_a_body(server: ProductServer) -> None:
    alice = await server.register("alice")
    path = f"/api/watchlists/{alice['user']['id']}/items"
    items = [{"symbol": instrument.symbol, "note": LONG_NOTE} for instrument in INSTRUMENTS]
    filling = [{"symbol": "600519.SH", "note": LONG_NOTE}] * (200 - len(items))
    full = {"items": [*items, *filling], "revision": 0}
    refused = await server.call("PUT", path, full, token=alice["access_token"])
    assert refused.status == 400  # not 413: the same stock again, as there are not 200
    stored = await server.call("PUT", path, {"items": items, "revision": 0}, token=alice["access_token"])
    assert (stored.status, stored.data["items"][0]["note"]) == (200, LONG_NOTE)


@pytest.mark.gen_test
async def test_without_a_token_nothing_is_told(server: ProductServer) -> None:
    for method, path in (
        ("GET", "/api/watchlists"),
        ("POST", "/api/watchlists"),
        ("PATCH", "/api/watchlists/x"),
        ("DELETE", "/api/watchlists/x"),
        ("PUT", "/api/watchlists/x/items"),
        ("POST", "/api/watchlists/x/items"),
        ("PATCH", "/api/watchlists/x/items/600519"),
        ("DELETE", "/api/watchlists/x/items/600519"),
    ):
        assert (await server.call(method, path)).status == 401, path
