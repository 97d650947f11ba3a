from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(params=["America/New_York", "Asia/Tokyo"])
def _elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the machine be in another time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
