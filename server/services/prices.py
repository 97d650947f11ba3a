"""Live prices: who may subscribe to what, and the pushes (product section 6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any, NamedTuple, Protocol

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.domain.quotes import Quote, shanghai_time
from server.errors import ErrorCode, RequestError
from server.market.instruments import Instrument, InstrumentTable, Kind, Market
from server.market.quotes import quote_json
from server.market.sources.base import PriceSource
from server.market.strategies import Strategy
from server.realtime.hub import Publisher

MAX_SUBSCRIPTIONS = 128
"""Targets one connection may hold."""

ALL_MARKETS = "ALL"
_MARKETS = (*(market.value for market in Market), ALL_MARKETS)
_ROOM_PREFIX = "prices:"
_ECHO_CHARACTERS = 40

logger = logging.getLogger(__name__)


class SubscriptionType(Enum):
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
        return f"{_ROOM_PREFIX}{self.subscription_type.value}:{self.name}"


class Subscriber(Protocol):
    """A connection that enters rooms."""

    @property
    def rooms(self) -> Collection[str]: ...

    def join(self, room: str) -> None: ...

    def leave(self, room: str) -> None: ...


class PriceService:
    """Keep the newest quote of every instrument and publish what changed."""

    def __init__(
        self,
        source: PriceSource,
        publisher: Publisher,
        clock: Clock,
        *,
        instruments: InstrumentTable,
        strategies: Mapping[str, Strategy],
        has_members: Callable[[str], bool],
        interval_seconds: float,
    ) -> None:
        self._source = source
        self._publisher = publisher
        self._clock = clock
        self._instruments = instruments
        self._strategies = strategies
        self._has_members = has_members
        self._quotes: dict[str, Quote] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._signals: dict[str, list[str]] = {name: [] for name in strategies}
        self._one_push_at_a_time = asyncio.Lock()
        self._timer = PeriodicCallback(self.push, interval_seconds * 1000)
        self.pushes = 0
        self.failed_pushes = 0
        self.updates_published = 0

    def start(self) -> None:
        """Push now and then once an interval; a late push delays the next, they never overlap."""
        self._timer.start()
        self._timer.io_loop.add_callback(self.push)

    async def stop(self) -> None:
        """Stop pushing, wait for a push under way, close the source."""
        self._timer.stop()
        async with self._one_push_at_a_time:
            await self._source.close()

    def target(self, subscription_type: str, name: str) -> Target:
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
        if kind is SubscriptionType.STRATEGY and name not in self._strategies:
            raise _unknown("strategy", name, ", ".join(self._strategies))
        if kind is SubscriptionType.STOCK and self._instruments.find(name) is None:
            raise _unknown("stock", name, "the six-digit code of a listed share, or a symbol such as 000001.SH")
        return Target(kind, name)

    def subscribe(self, subscriber: Subscriber, target: Target) -> None:
        """Let ``subscriber`` receive the updates of ``target``; a second time changes nothing.

        Raises:
            RequestError: the connection holds as many targets as it may.
        """
        held = sum(room.startswith(_ROOM_PREFIX) for room in subscriber.rooms)
        if target.room not in subscriber.rooms and held >= MAX_SUBSCRIPTIONS:
            detail = f"this connection holds {held} price subscriptions, at most {MAX_SUBSCRIPTIONS} are allowed"
            raise RequestError(ErrorCode.RATE_LIMITED, detail)
        subscriber.join(target.room)

    def unsubscribe(self, subscriber: Subscriber, target: Target) -> None:
        """Stop the updates of ``target``; without a subscription nothing happens."""
        subscriber.leave(target.room)

    def snapshot(self, target: Target) -> dict[str, Any]:
        """Return a ``price_update`` with the present quotes of ``target``."""
        rows = self._rows
        return self._update(target, [rows[symbol] for symbol in self._symbols(target) if symbol in rows])

    def quote_of(self, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol, if there is one."""
        return self._quotes.get(symbol)

    async def push(self) -> None:
        """Fetch and publish what changed; a failing source is logged and asked again next time."""
        async with self._one_push_at_a_time:
            try:
                quotes = await self._source.fetch()
            except Exception:
                self.failed_pushes += 1
                logger.warning("price source %s failed", self._source.name, exc_info=True)
                return
            self.pushes += 1
            self._publish(self._take(quotes))

    def _take(self, quotes: Sequence[Quote]) -> dict[Target, list[str]]:
        """Keep the quotes; return the symbols to send, by target."""
        changed = [quote.symbol for quote in quotes if self._is_news(quote)]
        for quote in quotes:
            self._quotes[quote.symbol] = quote
        for symbol in changed:
            self._rows[symbol] = quote_json(self._quotes[symbol])
        news: dict[Target, list[str]] = {}
        for symbol in changed:
            instrument = self._instruments.find(symbol)
            for target in _targets(instrument) if instrument else ():
                news.setdefault(target, []).append(symbol)
        news.update(self._signal_news(frozenset(changed)))
        return news

    def _signal_news(self, changed: frozenset[str]) -> Iterator[tuple[Target, list[str]]]:
        """Select anew; yield what each strategy's clients have not seen: changed quotes and new signals."""
        quotes = tuple(self._quotes.values())
        for name, strategy in self._strategies.items():
            before = frozenset(self._signals[name])
            self._signals[name] = [quote.symbol for quote in strategy.select(quotes)]
            news = [symbol for symbol in self._signals[name] if symbol in changed or symbol not in before]
            if news:
                yield Target(SubscriptionType.STRATEGY, name), news

    def _is_news(self, quote: Quote) -> bool:
        """Tell whether a client would see a difference; a later timestamp alone is none."""
        old = self._quotes.get(quote.symbol)
        return old is None or (old.price, old.previous_close, old.volume, old.name) != (
            quote.price,
            quote.previous_close,
            quote.volume,
            quote.name,
        )

    def _publish(self, news: Mapping[Target, Iterable[str]]) -> None:
        for target, symbols in news.items():
            if not self._has_members(target.room):
                continue
            self.updates_published += 1
            self._publisher.publish(
                target.room,
                "price_update",
                self._update(target, [self._rows[symbol] for symbol in symbols]),
                supersedes=("prices", target.subscription_type.value, target.name),
                snapshot=partial(self.snapshot, target),
            )

    def _symbols(self, target: Target) -> Iterable[str]:
        """Return the symbols ``target`` stands for now, in listing order (signals: the strongest first)."""
        if target.subscription_type is SubscriptionType.STRATEGY:
            return self._signals[target.name]
        if target.subscription_type is SubscriptionType.STOCK:
            instrument = self._instruments.find(target.name)
            return (instrument.symbol,) if instrument else ()
        return [
            share.symbol
            for share in self._instruments
            if share.kind is Kind.SHARE and target.name in (share.market.value, ALL_MARKETS)
        ]

    def _update(self, target: Target, rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "subscription_type": target.subscription_type.value,
            "target": target.name,
            "data": rows,
            "count": len(rows),
            "timestamp": shanghai_time(self._clock.now()),
        }


def _targets(instrument: Instrument) -> Iterator[Target]:
    """Yield every stock and market target whose clients see ``instrument``; markets hold shares alone."""
    yield Target(SubscriptionType.STOCK, instrument.symbol)
    if instrument.kind is Kind.SHARE:
        yield Target(SubscriptionType.STOCK, instrument.code)
        yield Target(SubscriptionType.MARKET, instrument.market.value)
        yield Target(SubscriptionType.MARKET, ALL_MARKETS)


def _unknown(what: str, got: str, allowed: str) -> RequestError:
    shown = got if len(got) <= _ECHO_CHARACTERS else got[:_ECHO_CHARACTERS] + "…"
    return RequestError(ErrorCode.INVALID_INPUT, f"unknown {what} {shown!r}; allowed: {allowed}")
