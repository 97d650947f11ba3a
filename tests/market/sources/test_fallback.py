from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.domain.quotes import Quote
from server.market.sources.base import SourceError
from server.market.sources.fallback import STALE_AFTER, Fallback
from tests.market.test_bars import QUOTE
from tests.support.clock import FakeClock


class Switch:
    """A source that answers or does not."""

    stale = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.works = True
        self.asked = 0
        self.closed = False

    async def fetch(self) -> Sequence[Quote]:
        self.asked += 1
        if not self.works:
            raise SourceError(f"{self.name} is down")
        return [QUOTE]

    async def close(self) -> None:
        self.closed = True


@pytest.mark.gen_test
async def test_it_goes_to_the_next_and_back_as_soon_as_the_first_answers(caplog: pytest.LogCaptureFixture) -> None:
    first, second = Switch("first"), Switch("second")
    source = Fallback([first, second], FakeClock())
    answering = []
    for works in (True, False, False, True):
        first.works = works
        assert await source.fetch() == [QUOTE]
        answering.append(source.answering)
    assert answering == ["first", "second", "second", "first"]
    assert (first.asked, second.asked) == (4, 2)
    assert source.name == "first"
    assert [record.getMessage() for record in caplog.records] == [
        "prices now come from second, no longer from first",
        "prices now come from first, no longer from second",
    ]


@pytest.mark.gen_test
async def test_without_any_answer_the_last_quotes_are_repeated_and_grow_stale() -> None:
    clock = FakeClock()
    first, second = Switch("first"), Switch("second")
    source = Fallback([first, second], clock)
    await source.fetch()
    first.works = second.works = False
    seen = []
    for seconds in (1.0, STALE_AFTER - 1, 1.0):
        clock.advance(seconds)
        [quote] = await source.fetch()
        seen.append((quote.stale, source.stale))
    assert seen == [(False, False), (False, False), (True, True)]
    second.works = True
    assert await source.fetch() == [QUOTE]
    assert not source.stale


@pytest.mark.gen_test
async def test_without_any_answer_ever_it_says_why() -> None:
    first, second = Switch("first"), Switch("second")
    first.works = second.works = False
    source = Fallback([first, second], FakeClock())
    with pytest.raises(SourceError, match="first is down; second is down"):
        await source.fetch()
    assert source.stale


@pytest.mark.gen_test
async def test_closing_it_closes_all() -> None:
    sources = [Switch("first"), Switch("second")]
    await Fallback(sources, FakeClock()).close()
    assert all(source.closed for source in sources)
