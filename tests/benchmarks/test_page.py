"""The benchmark of the page: one short run end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.page import __main__ as bench
from benchmarks.page.report import Frames


def test_late_frames_are_counted() -> None:
    frames = Frames("scrolling", [16.7, 16.6, 33.4, 50.0])
    assert (round(frames.per_second, 1), frames.late) == (34.3, 50.0)


@pytest.mark.skipif(not bench.CHROMIUM.exists(), reason="needs Chromium: apt-get install chromium")
def test_a_short_run_has_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(bench, "QUICK", bench.QUICK._replace(visits=1, messages=60, stocks=120, seconds=0.5))
    assert bench.main(["--quick"]) == 0
    found = json.loads((tmp_path / "quick.json").read_text())
    assert len(found["paint"]["painted"]) == 1
    assert [len(one["times"]) > 2 for one in found["frames"]] == [True, True]
    assert "scrolling up in a chat of 60 messages" in (tmp_path / "quick.md").read_text()
