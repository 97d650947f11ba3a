"""The benchmark of prices: one short run end to end, and that a wrong delivery gives no figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.prices import __main__ as prices
from benchmarks.prices.listing import Listing


def test_a_short_run_has_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "RESULTS", tmp_path)
    assert prices.main(["--quick"]) == 0
    found = json.loads((tmp_path / "quick.json").read_text())["prices"]
    crowds = ["40 WebSocket", "40 WebSocket, 2 of them do not read"]
    crowds += [crowd.replace("WebSocket", "Socket.IO") for crowd in crowds]
    assert [one["crowd"] for one in found] == crowds
    for one in found:
        assert 0 < one["first_ms"] <= one["median_ms"] <= one["last_ms"] <= one["worst_last_ms"]
        assert 0 < one["quiet_p50_ms"] <= one["quiet_p99_ms"]
        assert 0 < one["busy_p50_ms"] <= one["busy_p99_ms"]
        assert one["started_bytes"] > 0
    text = (tmp_path / "quick.md").read_text()
    assert "- command: python -m benchmarks.prices --quick" in text
    assert "| 40 Socket.IO, 2 of them do not read |" in text


def test_a_delivery_that_is_not_what_was_pushed_gives_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prices, "RESULTS", tmp_path)
    monkeypatch.setattr(Listing, "expected", lambda self, target, push: {"600519": 1.0})
    assert prices.main(["--quick"]) == 1
    assert "No figures: after push 1 came an update that is wrong here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
