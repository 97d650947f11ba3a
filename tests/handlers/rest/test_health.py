from __future__ import annotations

from typing import Any

import pytest

from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import ProductServer


async def fail() -> None:
    raise ConnectionError("away")


@pytest.mark.gen_test
async def test_health_is_told_outside_of_the_envelope(server: ProductServer) -> None:
    answer = await server.call("GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    server.services.health._checks["database"] = fail
    answer = await server.call("GET", "/health")
    assert (answer.status, answer.json) == (503, {"status": "error", "failed": ["database"]})


@pytest.mark.gen_test
async def test_alive_is_not_ready(server: ProductServer) -> None:
    for prefix in ("", "/api", "/api/v1"):
        for part in ("live", "ready"):
            answer = await server.call("GET", f"{prefix}/health/{part}")
            assert (answer.status, answer.json) == (200, {"status": "ok"})
    server.services.health._checks["database"] = fail
    answer = await server.call("GET", "/health/ready")
    assert (answer.status, answer.json) == (503, {"status": "error", "failed": ["database"]})
    server.services.health._checks.clear()
    server.services.health.draining = True
    answer = await server.call("GET", "/health/ready")
    assert (answer.status, answer.json) == (503, {"status": "error", "failed": ["draining"]})
    assert (await server.call("GET", "/health/live")).status == 200


@pytest.mark.gen_test
async def test_operators_alone_see_details(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    for token in (None, "nonsense", alice["access_token"], "sk_x"):
        assert (await server.call("GET", "/health", token=token)).json == {"status": "ok"}
    details = (await server.call("GET", "/health", token=chief["access_token"])).json["details"]
    assert details["parts"] == {"database": "ok"}
    assert (details["version"], details["draining"]) == ("1.2.3", False)


@pytest.mark.gen_test
async def test_details_tell_of_the_feed_and_the_calendar(database: Database) -> None:
    server = ProductServer(database, FakeClock(), operator_without_token=True)
    try:

        async def details() -> Any:
            return (await server.call("GET", "/health")).json["details"]

        known = {"source": "simulated", "answering": "simulated", "stale": False}
        assert (await details())["feed"] == known | {"quote_age_seconds": None}
        assert (await details())["calendar"] == {"phase": "morning", "missing_holidays": []}
        await server.services.prices.push()
        first = (await details())["feed"]["quote_age_seconds"]
        server.advance(61)
        assert (await details())["feed"] == known | {"quote_age_seconds": first + 61}
    finally:
        await server.stop()


@pytest.mark.gen_test
async def test_in_development_everybody_sees_details(database: Database) -> None:
    server = ProductServer(database, operator_without_token=True)
    try:
        server.services.health._checks["redis"] = fail
        answer = await server.call("GET", "/health", headers={"X-Forwarded-For": "1.2.3.4"})
        assert answer.json["details"]["parts"] == {"database": "ok", "redis": "failed"}
    finally:
        await server.stop()
