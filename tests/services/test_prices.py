from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from tornado.ioloop import IOLoop

from server.domain.quotes import Quote
from server.errors import ErrorCode, RequestError
from server.market.instruments import Instrument, InstrumentTable, Kind
from server.services.prices import MAX_SUBSCRIPTIONS, PriceService, SubscriptionType, Target
from tests.support.clock import FakeClock

MOUTAI, PINGAN, BATTERY = "600519.SH", "000001.SZ", "920185.BJ"
COMPOSITE = "000001.SH"
TABLE = InstrumentTable(
    [
        *(Instrument(symbol, symbol, 10.0, 1_000) for symbol in (MOUTAI, PINGAN, BATTERY)),
        Instrument(COMPOSITE, "上证指数", 3000.0, 1_000, Kind.INDEX),
    ]
)


class Sent(NamedTuple):
    room: str
    event: str
    payload: Any
    supersedes: Hashable | None
    snapshot: Callable[[], object] | None

    @property
    def symbols(self) -> list[str]:
        return [row["symbol"] for row in self.payload["data"]]


class Recorder:
    """A publisher all of whose rooms have members, but for those named."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.empty_rooms: set[str] = set()

    def publish(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        volatile: bool = False,
        supersedes: Hashable | None = None,
        snapshot: Callable[[], object] | None = None,
    ) -> None:
        assert not volatile
        self.sent.append(Sent(room, event, payload, supersedes, snapshot))

    def disconnect(self, room: str, reason: str) -> None:
        raise AssertionError("prices expel nobody")

    def has_members(self, room: str) -> bool:
        return room not in self.empty_rooms

    def take(self) -> dict[str, Sent]:
        """Return what was sent since the last time, by room without its prefix; at most one each."""
        taken = {sent.room.removeprefix("prices:"): sent for sent in self.sent}
        assert len(taken) == len(self.sent)
        self.sent.clear()
        return taken


class Script:
    """A source that says what the test tells it to."""

    name = "script"
    stale = False

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.quotes = {instrument.symbol: self._quote(instrument) for instrument in TABLE}
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.fetching = asyncio.Event()
        self.fetches = self.most_at_once = self.at_once = 0
        self.closed = False

    def _quote(self, instrument: Instrument) -> Quote:
        return Quote(
            symbol=instrument.symbol,
            name=instrument.name,
            price=instrument.base_price,
            previous_close=instrument.base_price,
            volume=100,
            timestamp=self.clock.now(),
        )

    def trade(self, symbol: str, price: float) -> None:
        self.quotes[symbol] = msgspec.structs.replace(self.quotes[symbol], price=price, timestamp=self.clock.now())

    async def fetch(self) -> Sequence[Quote]:
        self.fetches += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.fetching.set()
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            return tuple(self.quotes.values())
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        self.closed = True


class Rising:
    """A strategy: what has risen."""

    name = "rising"

    def select(self, quotes: Sequence[Quote]) -> list[Quote]:
        return [quote for quote in quotes if quote.price > quote.previous_close]


class Visitor:
    def __init__(self) -> None:
        self.rooms: set[str] = set()
        self.join = self.rooms.add
        self.leave = self.rooms.discard


class Desk:
    """A price service with everything around it scripted."""

    def __init__(self, interval_seconds: float = 3.0) -> None:
        self.clock = FakeClock()
        self.source = Script(self.clock)
        self.recorder = Recorder()
        self.prices = PriceService(
            self.source,
            self.recorder,
            self.clock,
            instruments=TABLE,
            strategies={"rising": Rising()},
            has_members=self.recorder.has_members,
            interval_seconds=interval_seconds,
        )

    def snapshot(self, subscription_type: str, name: str) -> list[str]:
        payload = self.prices.snapshot(self.prices.target(subscription_type, name))
        assert payload["count"] == len(payload["data"])
        return [row["symbol"] for row in payload["data"]]


@pytest.fixture
def desk(io_loop: IOLoop) -> Desk:
    return Desk()


@pytest.mark.gen_test
async def test_the_first_push_reaches_every_target(desk: Desk) -> None:
    await desk.prices.push()
    sent = desk.recorder.take()
    assert {room: update.symbols for room, update in sent.items()} == {
        "stock:600519": [MOUTAI],
        "stock:600519.SH": [MOUTAI],
        "stock:000001": [PINGAN],
        "stock:000001.SZ": [PINGAN],
        "stock:920185": [BATTERY],
        "stock:920185.BJ": [BATTERY],
        "stock:000001.SH": [COMPOSITE],
        "market:SH": [MOUTAI],
        "market:SZ": [PINGAN],
        "market:BJ": [BATTERY],
        "market:ALL": [MOUTAI, PINGAN, BATTERY],
    }


@pytest.mark.gen_test
async def test_an_update_has_the_contract_s_shape(desk: Desk) -> None:
    await desk.prices.push()
    update = desk.recorder.take()["stock:000001"]
    assert update.event == "price_update"
    assert update.payload == {
        "subscription_type": "stock",
        "target": "000001",
        "data": [
            {
                "code": "000001",
                "symbol": PINGAN,
                "name": PINGAN,
                "price": 10.0,
                "change": 0.0,
                "change_percent": 0.0,
                "volume": 100,
                "timestamp": "2026-01-05T10:00:00.000+08:00",
            }
        ],
        "count": 1,
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }


@pytest.mark.gen_test
async def test_only_what_changed_is_sent(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.source.trade(PINGAN, 9.99)
    await desk.prices.push()
    sent = desk.recorder.take()
    assert set(sent) == {"stock:000001", "stock:000001.SZ", "market:SZ", "market:ALL"}
    assert sent["market:ALL"].symbols == [PINGAN]


@pytest.mark.gen_test
async def test_a_later_timestamp_alone_is_no_change(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.clock.advance(3)
    desk.source.trade(PINGAN, 10.0)
    await desk.prices.push()
    assert desk.recorder.take() == {}


@pytest.mark.gen_test
async def test_a_room_without_members_gets_nothing(desk: Desk) -> None:
    desk.recorder.empty_rooms = {"prices:market:ALL"}
    await desk.prices.push()
    assert "market:ALL" not in desk.recorder.take()


@pytest.mark.gen_test
async def test_a_slow_client_is_offered_all_present_quotes_of_the_target(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.source.trade(PINGAN, 9.99)
    await desk.prices.push()
    update = desk.recorder.take()["market:ALL"]
    desk.source.trade(MOUTAI, 12.0)
    await desk.prices.push()
    assert update.supersedes == ("prices", "market", "ALL")
    assert update.snapshot is not None
    whole: Any = update.snapshot()
    assert [(row["symbol"], row["price"]) for row in whole["data"]] == [(MOUTAI, 12.0), (PINGAN, 9.99), (BATTERY, 10.0)]


@pytest.mark.gen_test
async def test_a_strategy_sends_new_signals_and_changed_ones(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.source.trade(MOUTAI, 11.0)
    await desk.prices.push()
    assert desk.recorder.take()["strategy:rising"].symbols == [MOUTAI]
    desk.source.trade(PINGAN, 11.0)
    await desk.prices.push()
    assert desk.recorder.take()["strategy:rising"].symbols == [PINGAN]
    assert desk.snapshot("strategy", "rising") == [MOUTAI, PINGAN]
    desk.source.trade(MOUTAI, 9.0)
    await desk.prices.push()
    assert "strategy:rising" not in desk.recorder.take()
    assert desk.snapshot("strategy", "rising") == [PINGAN]


@pytest.mark.gen_test
async def test_a_snapshot_before_the_first_push_is_empty(desk: Desk) -> None:
    assert desk.snapshot("market", "ALL") == []
    await desk.prices.push()
    assert desk.snapshot("market", "ALL") == [MOUTAI, PINGAN, BATTERY]
    assert desk.snapshot("stock", COMPOSITE) == [COMPOSITE]


@pytest.mark.gen_test
async def test_a_failing_source_is_counted_and_asked_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.source.failure = OSError("no route to the exchange")
    await desk.prices.push()
    assert "price source script failed" in caplog.text
    desk.source.failure = None
    await desk.prices.push()
    assert (desk.prices.failed_pushes, desk.prices.pushes) == (1, 1)
    assert desk.recorder.take()


@pytest.mark.gen_test
async def test_pushes_never_overlap(desk: Desk) -> None:
    desk.source.gate = asyncio.Event()
    pushes = [asyncio.ensure_future(desk.prices.push()) for _ in range(3)]
    await desk.source.fetching.wait()
    desk.source.gate.set()
    await asyncio.gather(*pushes)
    assert (desk.source.fetches, desk.source.most_at_once) == (3, 1)


@pytest.mark.gen_test
async def test_start_pushes_at_once_and_stop_waits_for_the_push_under_way(desk: Desk) -> None:
    desk.source.gate = asyncio.Event()
    desk.prices.start()
    await desk.source.fetching.wait()
    stopping = asyncio.ensure_future(desk.prices.stop())
    await asyncio.sleep(0)
    closed_early = desk.source.closed
    desk.source.gate.set()
    await stopping
    assert (closed_early, desk.source.closed) == (False, True)
    assert desk.prices.pushes == 1


@pytest.mark.gen_test
async def test_the_timer_pushes_again(io_loop: IOLoop) -> None:
    desk = Desk(interval_seconds=0.01)
    desk.prices.start()
    while desk.prices.pushes < 3:
        desk.source.fetching.clear()
        await desk.source.fetching.wait()
    await desk.prices.stop()
    assert desk.source.most_at_once == 1


@pytest.mark.parametrize(
    ("subscription_type", "name", "room"),
    [
        ("stock", "600519", "prices:stock:600519"),
        ("stock", COMPOSITE, "prices:stock:000001.SH"),
        ("market", "ALL", "prices:market:ALL"),
        ("strategy", "rising", "prices:strategy:rising"),
    ],
)
@pytest.mark.gen_test
async def test_a_target_has_a_room(desk: Desk, subscription_type: str, name: str, room: str) -> None:
    assert desk.prices.target(subscription_type, name).room == room


@pytest.mark.parametrize(
    ("subscription_type", "name", "allowed"),
    [
        ("stocks", "600519", "strategy, stock, market"),
        ("stock", "999999", "six-digit code"),
        ("stock", "", "six-digit code"),
        ("market", "sh", "SH, SZ, BJ, ALL"),
        ("strategy", "falling", "rising"),
    ],
)
@pytest.mark.gen_test
async def test_an_unknown_target_is_refused_with_what_is_allowed(
    desk: Desk, subscription_type: str, name: str, allowed: str
) -> None:
    with pytest.raises(RequestError) as caught:
        desk.prices.target(subscription_type, name)
    assert caught.value.code is ErrorCode.INVALID_INPUT
    assert allowed in caught.value.detail


@pytest.mark.gen_test
async def test_what_was_got_is_quoted_in_short(desk: Desk) -> None:
    with pytest.raises(RequestError) as caught:
        desk.prices.target("stock", "9" * 100_000)
    assert len(caught.value.detail) < 300


@pytest.mark.gen_test
async def test_a_connection_holds_so_many_targets_and_the_same_again(desk: Desk) -> None:
    visitor = Visitor()
    for number in range(MAX_SUBSCRIPTIONS):
        desk.prices.subscribe(visitor, Target(SubscriptionType.STOCK, f"{number:06}"))
    desk.prices.subscribe(visitor, Target(SubscriptionType.STOCK, "000000"))
    one_more = Target(SubscriptionType.MARKET, "ALL")
    with pytest.raises(RequestError, match="128"):
        desk.prices.subscribe(visitor, one_more)
    desk.prices.unsubscribe(visitor, Target(SubscriptionType.STOCK, "000000"))
    visitor.join("user:1")
    desk.prices.subscribe(visitor, one_more)
    assert one_more.room in visitor.rooms
