"""The stocks of a run: a file that names them, signals about them in the database, and quotes for every push."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path

from benchmarks.chat.population import DATABASE_NAME
from server.domain.signals import Signal
from server.market.strategies import BUY, STRATEGIES
from server.storage.embedded import EmbeddedMongod
from server.storage.indexes import open_database
from server.storage.signals import SignalRepository

STRATEGY_NAMES = tuple(STRATEGIES)
FIRST_CODE = 603000


class Listing:
    """So many stocks; each strategy has found something in so many of them, and in no other's."""

    def __init__(self, stocks: int, signals: int) -> None:
        self.codes = [str(FIRST_CODE + number) for number in range(stocks)]
        self.signals = signals
        self._shown = {("stock", code): (code,) for code in self.codes} | {
            ("strategy", name): tuple(self.codes[number * signals : (number + 1) * signals])
            for number, name in enumerate(STRATEGY_NAMES)
        }

    def prepare(self, directory: Path) -> Sequence[str]:
        """Write the file and store the signals in a server's data directory; return the options it needs."""
        lines = ["symbol,name", *(f"{code}.SH,Stock {code}" for code in self.codes)]
        file = directory / "instruments.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        asyncio.run(self._store_signals(directory))
        return "--price_source=push", f"--instruments={file}"

    def quotes(self, push: int) -> bytes:
        """Return the body of a push, in which every quote differs from that of the push before."""
        return json.dumps(
            [
                {"code": code, "price": self._price(code, push), "previous_close": 10.0, "volume": 1000 * push}
                for code in self.codes
            ]
        ).encode()

    def expected(self, target: tuple[str, str], push: int) -> Mapping[str, float]:
        """Return the prices that an update of a target has, by code."""
        return {code: self._price(code, push) for code in self._shown[target]}

    def _price(self, code: str, push: int) -> float:
        return round(10 + (int(code) % 97 + push % 100) / 100, 2)

    async def _store_signals(self, directory: Path) -> None:
        yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - any day before today will do
        async with AsyncExitStack() as stack:
            mongod = EmbeddedMongod(directory)
            uri = await mongod.start()
            stack.push_async_callback(mongod.stop)
            mongo = await open_database(uri, DATABASE_NAME, stack)
            for name in STRATEGY_NAMES:
                codes = self._shown["strategy", name]
                signals = [_signal(name, code, yesterday, score) for score, code in enumerate(codes)]
                await SignalRepository(mongo.database).store(name, yesterday, signals)


def _signal(strategy: str, code: str, day: date, score: int) -> Signal:
    needed = ("days", "ratio", "price", "high", "short", "long", "short_average", "long_average")
    return Signal(
        code=code,
        symbol=f"{code}.SH",
        name=f"Stock {code}",
        signal=BUY,
        score=float(score % 100),
        reason="",
        reason_key=f"signals.{strategy}",
        reason_values=dict.fromkeys((*needed, "period", "before", "now", "bound"), 10.0),
        price=10.0,
        day=day,
    )
