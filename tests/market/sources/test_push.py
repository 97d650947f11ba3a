from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from server.market.sources.push import STALE_AFTER, PushSource
from tests.market.test_bars import QUOTE
from tests.support.clock import FakeClock


@pytest.mark.gen_test
async def test_only_what_was_posted_is_known() -> None:
    source = PushSource(FakeClock())
    assert await source.fetch() == []
    source.post([QUOTE])
    assert await source.fetch() == [QUOTE]


@pytest.mark.gen_test
async def test_an_older_quote_changes_nothing() -> None:
    source = PushSource(FakeClock())
    source.post([QUOTE])
    source.post([msgspec.structs.replace(QUOTE, price=9.0, timestamp=QUOTE.timestamp - timedelta(seconds=1))])
    assert await source.fetch() == [QUOTE]


@pytest.mark.gen_test
async def test_silence_leaves_stale_quotes() -> None:
    clock = FakeClock()
    source = PushSource(clock)
    assert source.stale
    source.post([QUOTE])
    clock.advance(STALE_AFTER + 1)
    assert [quote.stale for quote in await source.fetch()] == [True]
    source.post([QUOTE])
    assert await source.fetch() == [QUOTE]
    assert not source.stale
