"""A random walk in place of a market, for development and tests."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from server.clock import Clock
from server.domain.quotes import SHANGHAI, Quote
from server.market.instruments import Instrument
from server.market.quotes import price_limits, round_to_tick

_FIRST_MOVE = 0.015
_STEP = 0.0008
_INDEX_SHARE = 0.3
_TRADES_PER_FETCH = 0.6
_VOLUME_PER_TRADE = 1 / 20_000


class SimulatedSource:
    """Prices that wander from their base price within the day's limits.

    The same seed and clock give the same quotes. It knows no trading hours: a day begins at midnight in
    Shanghai with yesterday's price as previous close and with part of a day's volume already traded.
    """

    name = "simulated"

    def __init__(self, instruments: Iterable[Instrument], clock: Clock, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._clock = clock
        self._instruments = tuple(instruments)
        self._day = self._today()
        self._quotes = [self._first_quote(instrument, instrument.base_price) for instrument in self._instruments]

    async def fetch(self) -> Sequence[Quote]:
        if self._day != self._today():
            self._day = self._today()
            pairs = zip(self._instruments, self._quotes, strict=True)
            self._quotes = [self._first_quote(instrument, quote.price) for instrument, quote in pairs]
        else:
            pairs = zip(self._instruments, self._quotes, strict=True)
            self._quotes = [self._next_quote(instrument, quote) for instrument, quote in pairs]
        return tuple(self._quotes)

    async def close(self) -> None:
        """Hold nothing, so let go of nothing."""

    def _today(self) -> date:
        return self._clock.now().astimezone(SHANGHAI).date()

    def _first_quote(self, instrument: Instrument, previous_close: float) -> Quote:
        return Quote(
            symbol=instrument.symbol,
            name=instrument.name,
            price=self._moved(instrument, previous_close, previous_close, _FIRST_MOVE),
            previous_close=previous_close,
            volume=int(instrument.usual_volume * self._random.uniform(0.4, 2.0)),
            timestamp=self._clock.now(),
        )

    def _next_quote(self, instrument: Instrument, quote: Quote) -> Quote:
        if self._random.random() >= _TRADES_PER_FETCH:
            return quote
        traded = instrument.usual_volume * _VOLUME_PER_TRADE * self._random.uniform(0.2, 1.8)
        return msgspec.structs.replace(
            quote,
            price=self._moved(instrument, quote.price, quote.previous_close, _STEP),
            volume=quote.volume + max(100, int(traded)),
            timestamp=self._clock.now(),
        )

    def _moved(self, instrument: Instrument, price: float, previous_close: float, deviation: float) -> float:
        """Return ``price`` after one step of the walk, held within the day's limits."""
        limit = instrument.daily_limit_percent
        if limit is None:  # an index averages its shares' moves
            deviation *= _INDEX_SHARE
        price = round_to_tick(max(price * (1 + self._random.gauss(0, deviation)), 0.01))
        if limit is None:
            return price
        lowest, highest = price_limits(previous_close, limit)
        return min(max(price, lowest), highest)
