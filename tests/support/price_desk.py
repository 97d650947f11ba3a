"""A price service with everything around it scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, NamedTuple

import msgspec

from server.domain.quotes import Quote
from server.market.instruments import Instrument, InstrumentTable, Kind
from server.services.price_targets import PriceTargets
from server.services.prices import PriceService
from server.turns import Turn
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
        self.audiences: dict[str, Collection[object]] = {}
        """Who is in rooms; in any other room there is one."""

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

    async def publish_in_turns(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        turn: Turn,
        supersedes: Hashable,
        snapshot: Callable[[], object],
    ) -> Collection[object]:
        reached = tuple(self.audience(room))
        self.publish(room, event, payload, supersedes=supersedes, snapshot=snapshot)
        await turn.pause()
        return reached

    def disconnect(self, room: str, reason: str) -> None:
        raise AssertionError("prices expel nobody")

    def has_members(self, room: str) -> bool:
        return room not in self.empty_rooms

    def audience(self, room: str) -> Collection[object]:
        return self.audiences.get(room, ("somebody",)) if self.has_members(room) else ()

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


class Visitor:
    def __init__(self) -> None:
        self.rooms: set[str] = set()
        self.join = self.rooms.add
        self.leave = self.rooms.discard


class Desk:
    """A price service with everything around it scripted."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.source = Script(self.clock)
        self.recorder = Recorder()
        self.prices = PriceService(
            self.source,
            self.recorder,
            self.clock,
            targets=PriceTargets(TABLE, ["rising"]),
            audience=self.recorder.audience,
        )

    def snapshot(self, subscription_type: str, name: str) -> list[str]:
        payload = self.prices.snapshot(self.prices.targets.find(subscription_type, name))
        assert payload["count"] == len(payload["data"])
        return [row["symbol"] for row in payload["data"]]
