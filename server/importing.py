"""``run.py --import_bars FILE``: stores the bars of a CSV file; doing it again changes nothing."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import BinaryIO

from pymongo.errors import PyMongoError

from server.domain.bars import Period
from server.errors import RequestError, StartError
from server.market.bars_csv import MAX_LINE_BYTES, LineError, read_bars
from server.settings import Settings
from server.storage.bars import BarRepository, SymbolBar
from server.storage.embedded import EmbeddedMongod
from server.storage.indexes import open_database

BATCH = 1000
PROGRESS_EVERY = 20_000
MAX_ERRORS_SHOWN = 20
_HOUR_AND_MINUTE = re.compile(rb"\d:\d\d")

Tell = Callable[[str], None]


def import_bars(settings: Settings, path: Path) -> int:
    """Import a file; return the exit code: 0, 1 when lines were left out or it was interrupted, 2 when it cannot be."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with path.open("rb") as file:
            return asyncio.run(_import(settings, file))
    except KeyboardInterrupt:
        _tell("Interrupted: what was told of is stored, and importing the file again is no harm.")
        return 1
    except (StartError, RequestError, PyMongoError, OSError, ValueError) as error:
        _tell(f"{path} cannot be imported: {error}")
        return 2


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


async def _import(settings: Settings, file: BinaryIO) -> int:
    async with AsyncExitStack() as stack:
        uri = settings.mongodb_uri
        if not uri:
            mongod = EmbeddedMongod(Path(settings.data_dir), settings.mongod or None)
            uri = await mongod.start()
            stack.push_async_callback(mongod.stop)
        mongo = await open_database(uri, settings.mongodb_database, stack)
        errors = await BarImport(BarRepository(mongo.database), _tell).run(file)
        return 1 if errors else 0


class BarImport:
    """One run over one file, in batches: a file of any size fits."""

    def __init__(self, bars: BarRepository, tell: Tell) -> None:
        self._bars = bars
        self._tell = tell
        self._stored = 0
        self._errors = 0

    async def run(self, file: BinaryIO) -> int:
        """Store every good line; return how many others there are.

        Raises:
            ValueError: the first line does not name the columns.
        """
        period = period_of(file)
        batch: list[SymbolBar] = []
        for line in read_bars(file, period):
            if isinstance(line, LineError):
                self._refuse(line)
                continue
            batch.append((line.symbol, line.bar))
            if len(batch) == BATCH:
                await self._store(period, batch)
                batch = []
        if batch:
            await self._store(period, batch)
        self._tell(f"{self._stored:,} bars ({period.value}) are stored, {self._errors:,} lines were left out")
        return self._errors

    async def _store(self, period: Period, batch: list[SymbolBar]) -> None:
        await self._bars.replace(period, batch)
        before, self._stored = self._stored, self._stored + len(batch)
        if self._stored // PROGRESS_EVERY > before // PROGRESS_EVERY:
            self._tell(f"{self._stored:,} bars, {self._errors:,} errors")

    def _refuse(self, error: LineError) -> None:
        self._errors += 1
        if self._errors <= MAX_ERRORS_SHOWN:
            self._tell(str(error))
        elif self._errors == MAX_ERRORS_SHOWN + 1:
            self._tell("further errors are counted alone")


def period_of(file: BinaryIO) -> Period:
    """Return what a file's bars are, by its second line: minutes tell the time of day."""
    file.readline(MAX_LINE_BYTES)
    line = file.readline(MAX_LINE_BYTES)
    file.seek(0)
    return Period.MINUTE if _HOUR_AND_MINUTE.search(line) else Period.DAY
