"""A whole server whose quotes come from Redis: what it tells when Redis goes away."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.redis_server import RedisServer
from tests.test_app import TIMEOUT_SECONDS, running

FAILURES = 'stock_insight_redis_failures_total{command="XREAD"}'


def test_redis_that_is_away_is_named_and_keeps_nobody_away(tmp_path: Path) -> None:
    redis = RedisServer()
    redis.start()
    options = "--price_source=redis", f"--redis_url={redis.url}", "--price_any_hour=on"
    try:
        with running(tmp_path, *options) as server:
            assert server.call("/health")["details"]["parts"] == {"database": "ok", "redis": "ok"}
            redis.stop()
            with pytest.raises(HTTPError) as refused:
                server.call("/health")
            assert (refused.value.code, json.load(refused.value)["failed"]) == (503, ["redis"])
            assert server.call("/health/ready") == {"status": "ok"}
            deadline = time.monotonic() + TIMEOUT_SECONDS
            while FAILURES not in urlopen(f"{server.url}/metrics", timeout=TIMEOUT_SECONDS).read().decode():
                assert time.monotonic() < deadline
    finally:
        redis.stop()
