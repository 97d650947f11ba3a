from __future__ import annotations

import asyncio

import pytest

from server.services.health import HealthService


async def works() -> None:
    pass


async def hangs() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise ConnectionError("away")


@pytest.mark.gen_test
async def test_names_the_parts_that_fail_or_do_not_answer() -> None:
    health = HealthService({"database": works, "redis": hangs, "feed": fails}, timeout_seconds=0.01)
    assert await health.failed() == ["redis", "feed"]
    assert await HealthService({"database": works}).failed() == []
