from __future__ import annotations

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_health_is_told_outside_of_the_envelope(server: ProductServer) -> None:
    answer = await server.call("GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})

    async def fail() -> None:
        raise ConnectionError("away")

    server.services.health._checks["database"] = fail
    answer = await server.call("GET", "/health")
    assert (answer.status, answer.json) == (503, {"status": "error", "failed": ["database"]})
