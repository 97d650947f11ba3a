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


@pytest.mark.gen_test
async def test_nobody_is_kept_away_for_what_the_rest_works_without() -> None:
    health = HealthService({"database": works}, {"redis": fails})
    assert (health.parts, await health.failed(), await health.hindrances()) == (["database", "redis"], ["redis"], [])
    assert await HealthService({"database": fails}, {"redis": works}).hindrances() == ["database"]
    health.draining = True
    assert await health.hindrances() == ["draining"]
