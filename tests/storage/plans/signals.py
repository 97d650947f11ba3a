"""The queries of `SignalRepository`."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from server.domain.signals import Signal
from server.storage.signals import SignalRepository
from tests.support.plans import row

DAY = date(2026, 1, 5)


def signal(number: int) -> Signal:
    code = f"{600000 + number}"
    return Signal(
        code=code,
        symbol=f"{code}.SH",
        name=code,
        signal="buy",
        score=50.0 + number,
        reason="rises",
        reason_key="signals.volume_wave",
        reason_values={"days": 20.0},
        price=10.0,
        day=DAY,
    )


DOCUMENTS = {
    "signals": [
        {**msgspec.to_builtins(signal(number)), "strategy": strategy, "day": (DAY - timedelta(days=days)).isoformat()}
        for strategy in ("volume_wave", "ma_cross")
        for days in range(20)
        for number in range(10)
    ]
}

ROWS = (
    row(SignalRepository.of_day, "volume_wave", DAY, 5),
    row(SignalRepository.last_day, "volume_wave"),
    row(SignalRepository.store, "volume_wave", DAY, [signal(number) for number in range(5, 12)]),
)
