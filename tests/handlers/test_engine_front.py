"""What the front writes without a connection."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.streams.engine_front import OK, EngineFront
from server.protocol.http_head import Headers


class Machine:
    """A clock of a machine that has been up for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def monotonic(self) -> float:
        return self._seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [0.0, 0.9, 1.0, 12345.6])
def test_every_answer_has_its_date_however_the_clock_began(seconds: float) -> None:
    answer = EngineFront({}).write(Machine(seconds), Headers("h", None, "", 0, True), b"", OK)
    assert b"\r\nDate: Mon, 05 Jan 2026 02:00:00 GMT\r\n" in answer
