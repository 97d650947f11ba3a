"""The soak: one short run end to end, and that what stays behind, or does not arrive, gives no figure."""

from __future__ import annotations

import errno
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chat.population import Signed
from benchmarks.site import WrongAnswerError
from benchmarks.soak import __main__ as soak
from benchmarks.soak.figures import Figures
from benchmarks.soak.streams import Crowd, Seat, drop_everything
from server.domain.users import User

USER = User("1", "alice", "Alice", datetime(2026, 1, 5, tzinfo=UTC))
START = Figures("start", 1.0, descriptors=20, tasks=5, bytes=100 << 20, streams=0, rooms=0)


def test_a_short_run_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "RESULTS", tmp_path)
    assert soak.main(["--quick", "--sse", "4", "--websockets", "3", "--minutes", "0.02"]) == 0
    found = json.loads((tmp_path / "quick.json").read_text())
    counts = found["counts"]
    assert counts["vanished"] > 0
    assert counts["opened"] == 2 * 7 + counts["vanished"]
    moments = {one["moment"]: one for one in found["looks"]}
    assert moments["start"]["streams"] == moments["end"]["streams"] == 0
    assert moments["after the load"]["streams"] >= 7
    assert "- command: python -m benchmarks.soak --quick --sse 4" in (tmp_path / "quick.md").read_text()


@pytest.mark.parametrize(
    "left", [{"descriptors": 40}, {"tasks": 50}, {"bytes": 200 << 20}, {"streams": 1}, {"rooms": 2}]
)
def test_what_stays_behind_is_seen(left: dict[str, Any]) -> None:
    assert START.is_back_at(START)
    assert not replace(START, **left).is_back_at(START)


def test_a_stream_that_misses_something_gives_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.streams.PATIENCE_SECONDS", 0.0)
    seat = Seat(Signed(USER, "token"), "SSE")
    seat.got = 3
    Crowd(0, [seat]).catch_up({USER.id: 3})
    for expected in (2, 4):
        with pytest.raises(WrongAnswerError):
            Crowd(0, [seat]).catch_up({USER.id: expected})


def test_who_has_vanished_gets_nothing_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 300)
    theirs.sendall(b"before")
    assert ours.recv(10) == b"before"
    drop_everything(ours)
    theirs.sendall(b"after")
    theirs.settimeout(30)
    with pytest.raises(TimeoutError, match="timed out") as gone:
        theirs.recv(1)
    assert gone.value.errno == errno.ETIMEDOUT
    ours.setblocking(False)
    with pytest.raises(BlockingIOError):
        ours.recv(10)
    ours.close()
    theirs.close()
