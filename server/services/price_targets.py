"""What clients subscribe to: a strategy's signals, one stock, a market."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from server.errors import ErrorCode, RequestError
from server.market.instruments import Instrument, InstrumentTable, Kind, Market

ALL_MARKETS = "ALL"
ROOM_PREFIX = "prices:"
"""How the room of every target begins."""

_MARKETS = (*(market.value for market in Market), ALL_MARKETS)
_ECHO_CHARACTERS = 40


class SubscriptionType(StrEnum):
    """What a target is the name of."""

    STRATEGY = "strategy"
    STOCK = "stock"
    MARKET = "market"


class Target(NamedTuple):
    """A thing to subscribe to, known to exist."""

    subscription_type: SubscriptionType
    name: str

    @property
    def room(self) -> str:
        return f"{ROOM_PREFIX}{self.subscription_type.value}:{self.name}"


class PriceTargets:
    """Every target there is, and the instruments that the targets of stocks and markets stand for."""

    def __init__(self, instruments: InstrumentTable, strategies: Collection[str]) -> None:
        self.instruments = instruments
        self.strategies = tuple(strategies)
        self._showing = {one.symbol: tuple(_showing(one)) for one in instruments}

    def __iter__(self) -> Iterator[Target]:
        for strategy in self.strategies:
            yield Target(SubscriptionType.STRATEGY, strategy)
        for market in _MARKETS:
            yield Target(SubscriptionType.MARKET, market)
        for instrument in self.instruments:
            yield from _stock_targets(instrument)

    def find(self, subscription_type: str, name: str) -> Target:
        """Return the target a client asked for.

        Raises:
            RequestError: no such type or target; the detail says what is allowed.
        """
        try:
            kind = SubscriptionType(subscription_type)
        except ValueError:
            allowed = ", ".join(kind.value for kind in SubscriptionType)
            raise _unknown("subscription_type", subscription_type, allowed) from None
        if kind is SubscriptionType.MARKET and name not in _MARKETS:
            raise _unknown("market", name, ", ".join(_MARKETS))
        if kind is SubscriptionType.STRATEGY and name not in self.strategies:
            raise _unknown("strategy", name, ", ".join(self.strategies))
        if kind is SubscriptionType.STOCK and self.instruments.find(name) is None:
            raise _unknown("stock", name, "the six-digit code of a listed share, or a symbol such as 000001.SH")
        return Target(kind, name)

    def strategy(self, name: str) -> Target:
        """Return the target of a strategy; RequestError (invalid_input) when there is none of this name."""
        return self.find(SubscriptionType.STRATEGY.value, name)

    def showing(self, symbol: str) -> Sequence[Target]:
        """Return every stock and market target whose clients see an instrument; markets hold shares alone."""
        return self._showing.get(symbol, ())

    def symbols(self, target: Target) -> list[str]:
        """Return the symbols that a stock or a market stands for, in listing order."""
        if target.subscription_type is SubscriptionType.STOCK:
            instrument = self.instruments.find(target.name)
            return [instrument.symbol] if instrument else []
        return [
            share.symbol
            for share in self.instruments
            if share.kind is Kind.SHARE and target.name in (share.market.value, ALL_MARKETS)
        ]


def subscriptions_of(rooms: Iterable[str]) -> list[Target]:
    """Return the targets whose rooms are among ``rooms``, in the order of their names."""
    named = sorted(room.removeprefix(ROOM_PREFIX).split(":", 1) for room in rooms if room.startswith(ROOM_PREFIX))
    return [Target(SubscriptionType(kind), name) for kind, name in named]


def _showing(instrument: Instrument) -> Iterator[Target]:
    """Yield the stock and market targets of an instrument."""
    yield from _stock_targets(instrument)
    if instrument.kind is Kind.SHARE:
        yield Target(SubscriptionType.MARKET, instrument.market.value)
        yield Target(SubscriptionType.MARKET, ALL_MARKETS)


def _stock_targets(instrument: Instrument) -> Iterator[Target]:
    """Yield the names one instrument goes by; its code alone names a share."""
    yield Target(SubscriptionType.STOCK, instrument.symbol)
    if instrument.kind is Kind.SHARE:
        yield Target(SubscriptionType.STOCK, instrument.code)


def _unknown(what: str, got: str, allowed: str) -> RequestError:
    shown = got if len(got) <= _ECHO_CHARACTERS else got[:_ECHO_CHARACTERS] + "…"
    return RequestError(ErrorCode.INVALID_INPUT, f"unknown {what} {shown!r}; allowed: {allowed}")
