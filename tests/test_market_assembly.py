"""The market's part as settings make it: over a real database, on a clock of the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tornado.testing import bind_unused_port

from server.assembly.market import MarketAssembly, MarketServices
from server.domain.bars import Period
from server.errors import StartError
from server.realtime.hub import Hub
from server.settings import Settings
from server.storage.documents import Database
from server.storage.repositories import Repositories
from tests.support.clock import FakeClock

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def refused_url() -> str:
    """Return an address where nobody listens."""
    listener, port = bind_unused_port()
    listener.close()
    return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def market(database: Database, now: datetime = NOON, **settings: Any) -> AsyncIterator[MarketServices]:
    async with AsyncExitStack() as stack:
        hub = Hub(lambda act: None)
        made = MarketAssembly(replace(Settings(), **settings), FakeClock(now), stack, Repositories(database), hub)
        yield await made.services()


@pytest.mark.gen_test
async def test_development_has_bars_quotes_and_signals_and_keeps_them(database: Database) -> None:
    async with market(database) as first:
        await first.prices.push()
        bars = await first.bars.newest("600519.SH", Period.DAY, 1000)
        assert len(bars) == 251
        present = {name: first.signals.present(name) for name in first.signals.strategies}
        assert any(found.signals for found in present.values())
        assert len(first.prices.quotes()) == 35
    async with market(database, price_source="push") as second:
        assert await second.bars.newest("600519.SH", Period.DAY, 1000) == bars
        assert {name: second.signals.present(name) for name in second.signals.strategies} == present
        assert second.prices.quotes() == ()


@pytest.mark.gen_test
async def test_a_file_adds_instruments_to_subscribe_to_and_to_post(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "instruments.csv"
    file.write_text("symbol,name\n600000,浦发银行\n", encoding="utf-8-sig")
    async with market(database, price_source="push", instruments=str(file)) as made:
        assert [one.name for one in made.instruments][-1] == "浦发银行"
        target = made.prices.targets.find("stock", "600000")
        posted = await made.prices.read_posted(b'[{"code":"600000","price":12.5}]')
        await made.prices.push_now(made.prices.targets.strategy("volume_wave"), posted)
        assert [row["name"] for row in made.prices.snapshot(target)["data"]] == ["浦发银行"]


@pytest.mark.gen_test
@pytest.mark.parametrize("content", [b"symbol,name\n1,x\n", b"symbol,name\n600000,\xff\n", None])
async def test_a_file_that_cannot_be_read_stops_the_start(
    database: Database, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "instruments.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StartError, match=r"instruments\.csv cannot be read: "):
        async with market(database, instruments=str(file)):
            pass


@pytest.mark.gen_test
async def test_production_invents_nothing_unless_told_to_and_then_says_so(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    production: dict[str, Any] = {"environment": "production", "price_any_hour": False}
    async with market(database, price_source="push", **production):
        assert "INVENTED" not in caplog.text
    async with market(database, price_source="simulated", **production) as simulated:
        assert caplog.text.count("THE PRICES ARE INVENTED") == 1
        await simulated.prices.push()
        assert simulated.prices.quotes()
        assert await simulated.bars.newest("600519.SH", Period.DAY, 1) == []
        assert not simulated.status.present()["any_hour"]


@pytest.mark.parametrize(
    ("settings", "answering"),
    [
        ({"price_source": "tencent"}, "tencent"),
        ({"price_source": "sina"}, "sina"),
        ({"price_source": "redis", "redis_url": "redis://127.0.0.1:1/0"}, "redis"),
    ],
)
@pytest.mark.gen_test
async def test_a_source_that_cannot_be_reached_stops_nothing(
    database: Database, settings: dict[str, Any], answering: str, caplog: pytest.LogCaptureFixture
) -> None:
    urls: dict[str, Any] = {"tencent_url": refused_url(), "sina_url": refused_url()}
    async with market(database, **settings, **urls) as away:
        await away.prices.push()
        status = away.status.present()
        assert (status["source"], status["answering"], status["stale"]) == (settings["price_source"], answering, True)
        assert status["last_push"] is None
        assert "is asked again and again" in caplog.text


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (datetime(2026, 11, 30, tzinfo=UTC), []),
        (datetime(2026, 12, 1, tzinfo=UTC), [2027]),
        (datetime(2028, 6, 1, tzinfo=UTC), [2028]),
        (datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC), []),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), [2027]),  # December in Shanghai
    ],
)
@pytest.mark.gen_test
async def test_a_year_without_holidays_is_warned_of(
    database: Database, now: datetime, missing: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    async with market(database, now, price_source="push") as parts:
        for year in missing:
            assert f"NO HOLIDAYS ARE KNOWN FOR {year}" in caplog.text
        assert ("NO HOLIDAYS" in caplog.text) == bool(missing)
        assert parts.status.present()["missing_holidays"] == missing


@pytest.mark.gen_test
async def test_the_trading_hours_are_the_settings(database: Database) -> None:
    async with market(database, price_source="push", trading_hours="09:30-15:00") as parts:
        assert parts.status.present()["phase"] == "afternoon"
    async with market(database, price_source="push") as parts:
        assert parts.status.present()["phase"] == "lunch"
