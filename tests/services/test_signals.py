from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest

from server.domain.bars import Bar, Period
from server.domain.quotes import SHANGHAI
from server.errors import ErrorCode, RequestError
from server.market.bars import BarArrays
from server.market.days import EveryDay
from server.market.strategies import Finding
from server.services.price_targets import PriceTargets
from server.services.prices import PriceService
from server.services.signals import PRESENT_DAYS, SignalService
from server.storage.bars import BarRepository
from server.storage.documents import Database
from server.storage.signals import SignalRepository
from tests.support.price_desk import BATTERY, MOUTAI, PINGAN, TABLE, Desk

YESTERDAY = date(2026, 1, 4)
THREADS: set[int] = set()


class Rose:
    """A strategy: today closes above yesterday."""

    name = "rose"
    reason = "up by {percent:.1f}"
    needed_bars = 2

    def look(self, bars: BarArrays) -> Finding | None:
        THREADS.add(threading.get_ident())
        percent = 100 * (float(bars.close[-1]) / float(bars.close[-2]) - 1)
        return Finding(percent, {"percent": percent}) if percent > 0 else None


def history(symbol: str, *closes: float, until: date = YESTERDAY) -> list[tuple[str, Bar]]:
    """Return daily bars that end on ``until``."""
    last = datetime(until.year, until.month, until.day, tzinfo=SHANGHAI)
    return [
        (symbol, Bar(last - timedelta(days=len(closes) - 1 - n), close, close, close, close, 100, 1000.0))
        for n, close in enumerate(closes)
    ]


class Room:
    """Signals over a database, and the price service that shows them."""

    def __init__(self, database: Database) -> None:
        self.desk = Desk()
        self.bars = BarRepository(database)
        self.repository = SignalRepository(database)
        self.prices = PriceService(
            self.desk.source,
            self.desk.recorder,
            self.desk.clock,
            targets=PriceTargets(TABLE, ["rose"]),
            audience=self.desk.recorder.audience,
        )
        self.signals = self.service()

    def service(self) -> SignalService:
        return SignalService(
            self.repository,
            self.bars,
            self.prices,
            self.desk.clock,
            instruments=TABLE,
            strategies={"rose": Rose()},
            day_ends=EveryDay(),
        )

    def present(self) -> tuple[date | None, list[tuple[str, float]]]:
        found = self.signals.present("rose")
        return found.day, [(signal.symbol, signal.score) for signal in found.signals]

    async def target(self) -> list[str]:
        await self.prices.push()
        return [row["symbol"] for row in self.prices.snapshot(self.prices.targets.strategy("rose"))["data"]]


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


@pytest.mark.gen_test
async def test_the_last_day_is_looked_at_beside_the_loop_stored_and_shown(room: Room) -> None:
    THREADS.clear()
    await room.bars.add_missing(Period.DAY, history(MOUTAI, 10.0, 10.1) + history(PINGAN, 10.0, 10.5))
    await room.bars.add_missing(Period.DAY, history(BATTERY, 10.0, 9.0))
    await room.signals.start()
    assert room.present() == (YESTERDAY, [(PINGAN, 5.0), (MOUTAI, 1.0)])
    assert room.signals.count("rose") == 2
    assert await room.target() == [PINGAN, MOUTAI]
    assert THREADS
    assert threading.get_ident() not in THREADS
    again = room.service()
    await again.start()
    assert again.present("rose").day == YESTERDAY
    first = again.present("rose").signals[0]
    assert (first.reason, first.reason_values, first.price, first.day) == (
        "up by 5.0",
        {"percent": 5.0},
        10.5,
        YESTERDAY,
    )


@pytest.mark.gen_test
async def test_without_bars_there_is_nothing_to_say(room: Room) -> None:
    await room.signals.start()
    assert room.present() == (None, [])
    assert await room.target() == []


@pytest.mark.gen_test
async def test_today_is_looked_at_when_it_is_over(room: Room) -> None:
    await room.bars.add_missing(Period.DAY, history(MOUTAI, 10.0, 10.1, 10.0, until=date(2026, 1, 5)))
    await room.bars.add_missing(Period.DAY, history(PINGAN, 10.0, 9.0, 10.0, until=date(2026, 1, 5)))
    await room.signals.start()
    assert room.present() == (YESTERDAY, [(MOUTAI, 1.0)])
    room.desk.clock.advance(86_400)
    await room.signals.recompute()
    assert (room.present())[0] == date(2026, 1, 5)
    assert await room.target() == [PINGAN]


@pytest.mark.gen_test
async def test_what_no_longer_holds_is_gone_and_a_day_is_stored_once(room: Room, database: Database) -> None:
    await room.bars.add_missing(Period.DAY, history(MOUTAI, 10.0, 10.1) + history(PINGAN, 10.0, 10.5))
    await room.signals.start()
    await room.bars.replace(Period.DAY, history(PINGAN, 10.0, 9.9))  # as an import corrects it
    await room.signals.recompute()
    assert room.present() == (YESTERDAY, [(MOUTAI, 1.0)])
    assert await database["signals"].count_documents({}) == 1


@pytest.mark.gen_test
async def test_a_share_that_did_not_trade_has_no_say(room: Room) -> None:
    await room.bars.add_missing(Period.DAY, history(MOUTAI, 10.0, 10.1))
    await room.bars.add_missing(Period.DAY, history(PINGAN, 10.0, 11.0, until=date(2026, 1, 2)))
    await room.signals.start()
    assert room.present() == (YESTERDAY, [(MOUTAI, 1.0)])


@pytest.mark.parametrize("silent", [PRESENT_DAYS - 1, PRESENT_DAYS])
@pytest.mark.gen_test
async def test_a_silent_strategy_stands_by_what_it_said_last(room: Room, silent: int) -> None:
    await room.bars.add_missing(Period.DAY, history(MOUTAI, 10.0, 10.1, *[10.0] * silent))
    await room.signals.start()
    day, signals = room.present()
    if silent < PRESENT_DAYS:
        assert (day, signals) == (YESTERDAY - timedelta(days=silent), [(MOUTAI, 1.0)])
    else:
        assert (day, signals) == (YESTERDAY, [])


@pytest.mark.gen_test
async def test_an_unknown_strategy_is_refused(room: Room) -> None:
    with pytest.raises(RequestError, match="allowed: rose") as refused:
        room.signals.present("falls")
    assert refused.value.code is ErrorCode.INVALID_INPUT
