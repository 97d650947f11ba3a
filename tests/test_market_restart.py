"""The market over restarts of the whole server on one data directory: bars and signals stay, and are found anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from server.domain.quotes import SHANGHAI, shanghai_time
from tests.test_app import RunningServer, running
from tests.test_run import run

PUSHED = "--price_source=push"
QUIET_DAYS = 40
DAYS_SINCE = 3


def breakout() -> Iterator[str]:
    """Yield the lines of a share that is quiet for long, leaps three days ago on five times the volume, and rests."""
    yield "code,date,open,high,low,close,volume"
    today = datetime.now(SHANGHAI).date()
    for days_ago in range(QUIET_DAYS, 0, -1):
        prices, volume = ("10,10.2,9.9,10", 1_000_000) if days_ago > DAYS_SINCE else ("11,11.1,10.9,11", 900_000)
        if days_ago == DAYS_SINCE:
            prices, volume = "10,11.2,10,11.2", 5_000_000
        yield f"600036,{today - timedelta(days=days_ago)},{prices},{volume}"


def signals(server: RunningServer) -> Any:
    return server.call("/api/signals/buy?strategy=volume_wave")["data"]


def bars(server: RunningServer, code: str, period: str) -> Any:
    return server.call(f"/api/stocks/{code}/bars?period={period}")["data"]["bars"]


def post(server: RunningServer, price: float, volume: int, at: datetime) -> Any:
    quote = {"code": "600519", "price": price, "previous_close": 1800, "volume": volume, "timestamp": at.isoformat()}
    return server.call("/api/websocket/push/prices", [quote])["data"]


def test_bars_and_signals_outlive_the_server(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "bars.csv"
    file.write_text("\n".join(breakout()), encoding="utf-8")
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    with running(data, PUSHED) as server:
        assert (signals(server)["day"], signals(server)["signals"]) == (None, [])
        for seconds, price, volume in ((0, 1850.0, 100), (20, 1860.0, 300), (40, 1855.0, 700)):
            assert post(server, price, volume, minute + timedelta(seconds=seconds))["stocks"] == 1
        made = bars(server, "600519", "1m"), bars(server, "600519", "1d")
        assert server.stop() == 0
    [[of_minute], [of_day]] = made
    assert (of_minute["time"], of_minute["high"], of_minute["volume"]) == (shanghai_time(minute), 1860.0, 600)
    assert (of_day["close"], of_day["volume"]) == (1855.0, 700)
    imported = run(tmp_path, f"--data_dir={data}", "--import_bars", str(file))
    assert imported.returncode == 0, imported.stderr
    with running(data, PUSHED) as server:
        assert (bars(server, "600519", "1m"), bars(server, "600519", "1d")) == made
        assert len(bars(server, "600036", "1d")) == QUIET_DAYS
        found = signals(server)
        leapt = datetime.now(SHANGHAI).date() - timedelta(days=DAYS_SINCE)
        assert (found["day"], [one["code"] for one in found["signals"]]) == (leapt.isoformat(), ["600036"])
        assert server.stop() == 0
    with running(data, PUSHED) as server:
        assert signals(server) == found
        assert (bars(server, "600519", "1m"), bars(server, "600519", "1d")) == made
        assert server.stop() == 0
        assert "Traceback" not in "".join(server.lines)
