"""How often one caller may read over REST."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.errors import ErrorCode, RequestError
from server.services.rate_limits import MAX_CALLERS, SECONDS_AT_ONCE, ReadLimits
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import ProductServer

OPEN = "/api/market/status"


@pytest.fixture
def limited(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    """A server on which each caller reads once a second, and some more at once."""

    async def start() -> ProductServer:
        return ProductServer(
            database, FakeClock(), proxies=["127.0.0.1"], prices_require_auth=False, reads_per_caller=1
        )

    server = io_loop.run_sync(start)
    assert server is not None
    yield server
    io_loop.run_sync(server.stop)


async def statuses(
    server: ProductServer, path: str, count: int, token: str | None = None, address: str = ""
) -> list[int]:
    headers = {"X-Forwarded-For": address} if address else {}
    return [(await server.call("GET", path, token=token, headers=headers)).status for _ in range(count)]


@pytest.mark.gen_test
async def test_each_user_has_an_allowance_wherever_from(limited: ProductServer) -> None:
    alice, bob = [(await limited.register(name))["access_token"] for name in ("alice", "bob")]
    answered = [(await statuses(limited, "/api/users/me", 1, alice, f"1.2.3.{n}"))[0] for n in range(SECONDS_AT_ONCE)]
    assert answered == [200] * SECONDS_AT_ONCE
    refused = await limited.call("GET", "/api/friends", token=alice)
    assert (refused.status, refused.data) == (429, {"error": "rate_limited", "retry_after": 1})
    assert refused.headers["Retry-After"] == "1"
    assert (await limited.call("HEAD", "/api/friends", token=alice)).status == 429
    assert await statuses(limited, "/api/users/me", 1, bob) == [200]
    changed = await limited.call("PATCH", "/api/users/me", {"display_name": "Another"}, token=alice)
    assert changed.status == 200
    limited.advance(2.1)
    assert await statuses(limited, "/api/users/me", 3, alice) == [200, 200, 429]


@pytest.mark.gen_test
async def test_who_is_not_signed_in_is_known_by_the_address(limited: ProductServer) -> None:
    many = SECONDS_AT_ONCE + 1
    assert await statuses(limited, OPEN, many, address="1.2.3.4") == [200] * SECONDS_AT_ONCE + [429]
    assert await statuses(limited, OPEN, 1, address="1.2.3.5") == [200]
    inside = [f"2001:db8::{n}" for n in range(many)]
    assert [(await statuses(limited, OPEN, 1, address=one))[0] for one in inside][-1] == 429
    assert await statuses(limited, OPEN, 1, address="2001:db8:0:1::1") == [200]


@pytest.mark.gen_test
async def test_health_and_metrics_are_not_limited(limited: ProductServer) -> None:
    token = (await limited.operator())["access_token"]
    many = SECONDS_AT_ONCE + 2
    for path in ("/health", "/health/live", "/api/health/ready", "/metrics"):
        responses = [await limited.fetch(path, headers={"Authorization": f"Bearer {token}"}) for _ in range(many)]
        assert {one.code for one in responses} == {200}, path


@pytest.mark.gen_test
async def test_a_key_has_an_allowance_of_its_own(limited: ProductServer) -> None:
    chief = (await limited.operator())["access_token"]
    made = await limited.call("POST", "/api/service_keys", {"name": "n", "scopes": ["notifications"]}, chief)
    answered = await statuses(limited, f"/api/notifications/jobs/{'f' * 24}", SECONDS_AT_ONCE + 1, made.data["key"])
    assert answered == [404] * SECONDS_AT_ONCE + [429]
    assert await statuses(limited, "/api/users/me", 1, chief) == [200]


def test_no_more_callers_are_remembered_than_there_may_be() -> None:
    limits = ReadLimits(FakeClock(), per_second=1)
    for number in range(2 * MAX_CALLERS):
        limits.count(str(number))
    assert limits._buckets is not None
    assert len(limits._buckets) == MAX_CALLERS
    free = ReadLimits(FakeClock())
    for _ in range(1000):
        free.count("one")
    for _ in range(SECONDS_AT_ONCE):
        limits.count("one")
    with pytest.raises(RequestError) as refused:
        limits.count("one")
    assert refused.value.code is ErrorCode.RATE_LIMITED
