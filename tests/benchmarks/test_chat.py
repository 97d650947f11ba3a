"""The benchmark of chat: one short run end to end, and that a wrong server gives no figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.chat import __main__ as chat
from benchmarks.chat.report import percentile_ms


def test_a_short_run_has_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "RESULTS", tmp_path)
    assert chat.main(["--quick"]) == 0
    found = json.loads((tmp_path / "quick.json").read_text())
    assert [one["load"] for one in found["writing"]] == ["each writes when acked", "50/s"]
    assert all(one["acked_per_s"] > 0 for one in found["writing"])
    assert all(0 < one["ack_p50_ms"] <= one["ack_p99_ms"] for one in found["writing"])
    assert len(found["reading"]) == 7
    assert all(0 < one["p50_ms"] <= one["p99_ms"] for one in found["reading"])
    text = (tmp_path / "quick.md").read_text()
    assert "- command: python -m benchmarks.chat --quick" in text
    assert "| 12 in 4 groups of 3 | 50/s |" in text


def test_percentiles() -> None:
    times = [number / 1000 for number in range(100, 0, -1)]
    assert (percentile_ms(times, 0.5), percentile_ms(times, 0.99), percentile_ms([0.002], 0.99)) == (51, 100, 2)
