"""Live prices: the newest quotes, who may subscribe to what, and the pushes (product section 6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Raw

from server.clock import Clock
from server.domain.quotes import Quote, shanghai_time
from server.errors import ErrorCode, RequestError
from server.market.posted_quotes import read_posted_quotes
from server.market.quotes import quote_json, whole_quote_json
from server.market.sources.base import PriceSource
from server.market.sources.push import PushSource
from server.realtime.hub import PatientPublisher
from server.services.price_targets import ROOM_PREFIX, PriceTargets, SubscriptionType, Target
from server.turns import Turn

QUOTES_AT_ONCE = 32
"""Are told to listeners, or written, before others have their turn of the loop."""

MAX_SUBSCRIPTIONS = 128
"""Targets one connection may hold, where the settings do not say otherwise."""

MAX_POSTED_QUOTES = 5000

Audience = Callable[[str], Collection[object]]
"""Returns who is in a room now."""

OnQuotes = Callable[[Sequence[Quote]], None]
"""Takes quotes that have changed; it neither waits nor does much: clients wait for it."""

logger = logging.getLogger(__name__)


class Subscriber(Protocol):
    """A connection that enters rooms."""

    @property
    def rooms(self) -> Collection[str]: ...

    def join(self, room: str) -> None: ...

    def leave(self, room: str) -> None: ...


class Pushed(NamedTuple):
    """What became of one push: how many stocks were in it, who got something, and how many updates that were."""

    stocks: int
    clients: int
    delivered: int


class SubscriptionCounts(NamedTuple):
    """How many there are now: (client, target) pairs, clients with at least one, targets with at least one."""

    subscriptions: int
    clients: int
    targets: Mapping[SubscriptionType, int]


class PriceService:
    """Keep the newest quote of every instrument and publish what changed."""

    def __init__(
        self,
        source: PriceSource,
        publisher: PatientPublisher,
        clock: Clock,
        *,
        targets: PriceTargets,
        audience: Audience,
        max_subscriptions: int = MAX_SUBSCRIPTIONS,
    ) -> None:
        self.source = source
        self.targets = targets
        self.on_quotes: list[OnQuotes] = []
        """Who is told of the quotes that changed, after the clients."""
        self._publisher = publisher
        self._clock = clock
        self._audience = audience
        self._max_subscriptions = max_subscriptions
        self._quotes: dict[str, Quote] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._texts: dict[str, tuple[Quote, Raw]] = {}
        self._signals: dict[str, list[str]] = {}
        self._one_push_at_a_time = asyncio.Lock()
        self._source_answers = True
        self.last_push: datetime | None = None
        """When quotes were last taken and published."""
        self.pushes = 0
        self.failed_pushes = 0
        self.updates_published = 0
        self.subscriptions_made = 0

    async def stop(self) -> None:
        """Wait for a push under way, close the source."""
        async with self._one_push_at_a_time:
            await self.source.close()

    def go_on_after(self, quotes: Iterable[Quote]) -> None:
        """Begin with quotes that were known before a restart: they are no news."""
        for quote in quotes:
            self._quotes[quote.symbol] = quote
            self._rows[quote.symbol] = quote_json(quote)

    def subscribe(self, subscriber: Subscriber, target: Target) -> None:
        """Let ``subscriber`` receive the updates of ``target``; a second time changes nothing.

        Raises:
            RequestError: the connection holds as many targets as it may.
        """
        if target.room in subscriber.rooms:
            return
        held = sum(room.startswith(ROOM_PREFIX) for room in subscriber.rooms)
        if held >= self._max_subscriptions:
            allowed = f"at most {self._max_subscriptions} are allowed"
            raise RequestError(ErrorCode.RATE_LIMITED, f"this connection holds {held} price subscriptions, {allowed}")
        subscriber.join(target.room)
        self.subscriptions_made += 1

    def unsubscribe(self, subscriber: Subscriber, target: Target) -> None:
        """Stop the updates of ``target``; without a subscription nothing happens."""
        subscriber.leave(target.room)

    def count_subscriptions(self) -> SubscriptionCounts:
        """Count who is subscribed to what."""
        clients: set[object] = set()
        pairs, kinds = 0, dict.fromkeys(SubscriptionType, 0)
        for target in self.targets:
            members = self._audience(target.room)
            clients.update(members)
            pairs += len(members)
            kinds[target.subscription_type] += bool(members)
        return SubscriptionCounts(pairs, len(clients), kinds)

    def snapshot(self, target: Target) -> dict[str, Any]:
        """Return a ``price_update`` with the present quotes of ``target``."""
        return self._update(target, self._symbols(target))

    def quote_of(self, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol, if there is one."""
        return self._quotes.get(symbol)

    def quotes(self) -> Sequence[Quote]:
        """Return the newest quote of everything."""
        return tuple(self._quotes.values())

    async def whole_quotes(self, symbols: Sequence[str]) -> list[Raw]:
        """Return all that is known of these symbols as JSON, without those of which there is no quote.

        After a push a market's thousands have to be written anew: in turns.
        """
        found: list[Raw] = []
        turn = Turn()
        for start in range(0, len(symbols), QUOTES_AT_ONCE):
            some = symbols[start : start + QUOTES_AT_ONCE]
            found += [self._written(self._quotes[symbol]) for symbol in some if symbol in self._rows]
            await turn.pause()
        return found

    def _written(self, quote: Quote) -> Raw:
        """Return the JSON of a quote, written once however many ask for it."""
        before, text = self._texts.get(quote.symbol, (None, Raw()))
        if before is not quote:
            text = Raw(msgspec.json.encode(whole_quote_json(quote, self._rows[quote.symbol])))
            self._texts[quote.symbol] = quote, text
        return text

    async def show_signals(self, signals: Mapping[str, Sequence[str]]) -> None:
        """Let each strategy stand for these symbols, the strongest first; its clients get the quotes of new ones.

        A push under way ends first: what it leaves for slow clients has the signals it began with.
        """
        async with self._one_push_at_a_time:
            for name, symbols in signals.items():
                before = set(self._signals.get(name, ()))
                self._signals[name] = list(symbols)
                new = [symbol for symbol in symbols if symbol not in before and symbol in self._rows]
                if new:
                    await self._publish(Target(SubscriptionType.STRATEGY, name), new, Turn())

    async def push(self) -> None:
        """Fetch and publish what changed; a failing source is logged and asked again next time."""
        async with self._one_push_at_a_time:
            quotes = await self._fetch()
            if quotes is not None:
                turn = Turn()
                changed = await self._take(quotes, turn)
                await self._publish_all(self._news(changed), turn)
                await self._tell(changed, turn)

    async def read_posted(self, body: bytes) -> list[Quote]:
        """Return the quotes of a JSON array.

        Raises:
            RequestError: the body is wrong; the detail says which quote and how.
        """
        quotes, turn = [], Turn()
        try:
            for quote in read_posted_quotes(body, self._clock.now(), self.targets.instruments.find, MAX_POSTED_QUOTES):
                quotes.append(quote)
                await turn.pause()
        except ValueError as error:
            raise RequestError(ErrorCode.INVALID_INPUT, str(error)) from None
        return quotes

    async def push_now(self, strategy: Target, posted: Sequence[Quote] | None) -> Pushed:
        """Publish at once: ``posted`` quotes, or what the source has now, and all of a strategy's in any case."""
        async with self._one_push_at_a_time:
            quotes = await self._fetch() if posted is None else posted
            if posted is not None and isinstance(self.source, PushSource):
                self.source.post(posted)
            turn = Turn()
            changed = [] if quotes is None else await self._take(quotes, turn)
            news = self._news(changed)
            news[strategy] = list(self._symbols(strategy))
            pushed = await self._publish_all(news, turn)
            await self._tell(changed, turn)
            return pushed

    async def _fetch(self) -> Sequence[Quote] | None:
        """Return the quotes of the source; None when it fails."""
        try:
            quotes = await self.source.fetch()
        except Exception as error:
            self.failed_pushes += 1
            if not isinstance(error, OSError):
                logger.exception("price source %s is at fault", self.source.name)
            elif self._source_answers:
                logger.warning("price source %s failed, and is asked again and again: %s", self.source.name, error)
            self._source_answers = False
            return None
        if not self._source_answers:
            logger.info("price source %s answers again", self.source.name)
            self._source_answers = True
        return quotes

    async def _take(self, quotes: Iterable[Quote], turn: Turn) -> list[Quote]:
        """Keep the quotes that are not older than those at hand; return those that are news."""
        changed = []
        for symbol, quote in self._newest(quotes).items():
            if self._is_news(quote):
                changed.append(quote)
                self._rows[symbol] = quote_json(quote)
            self._quotes[symbol] = quote
            await turn.pause()
        self.pushes += 1
        self.last_push = self._clock.now()
        return changed

    def _newest(self, quotes: Iterable[Quote]) -> dict[str, Quote]:
        newest: dict[str, Quote] = {}
        for quote in quotes:
            last = newest.get(quote.symbol) or self._quotes.get(quote.symbol)
            if last is None or last.timestamp <= quote.timestamp:
                newest[quote.symbol] = quote
        return newest

    def _is_news(self, quote: Quote) -> bool:
        """Tell whether a client would see a difference; a later timestamp alone is none."""
        old = self._quotes.get(quote.symbol)
        return old is None or (old.price, old.previous_close, old.volume, old.name) != (
            quote.price,
            quote.previous_close,
            quote.volume,
            quote.name,
        )

    def _news(self, changed: Iterable[Quote]) -> dict[Target, list[str]]:
        """Return the symbols to send, by target."""
        news: dict[Target, list[str]] = {}
        symbols = {quote.symbol for quote in changed}
        for quote in changed:
            for target in self.targets.showing(quote.symbol):
                news.setdefault(target, []).append(quote.symbol)
        for name, signals in self._signals.items():
            seen = [symbol for symbol in signals if symbol in symbols]
            if seen:
                news[Target(SubscriptionType.STRATEGY, name)] = seen
        return news

    async def _publish_all(self, news: Mapping[Target, Sequence[str]], turn: Turn) -> Pushed:
        """Publish everything; count who was there to be sent it."""
        clients: set[object] = set()
        stocks: set[str] = set()
        delivered = 0
        for target, symbols in news.items():
            reached = await self._publish(target, symbols, turn)
            clients.update(reached)
            delivered += len(reached)
            stocks.update(symbols)
            await turn.pause()
        return Pushed(len(stocks & self._rows.keys()), len(clients), delivered)

    async def _publish(self, target: Target, symbols: Sequence[str], turn: Turn) -> Collection[object]:
        """Publish the present quotes of ``symbols``; return who was there."""
        room = target.room
        if not self._audience(room):
            return ()
        self.updates_published += 1
        return await self._publisher.publish_in_turns(
            room,
            "price_update",
            self._update(target, symbols),
            turn=turn,
            supersedes=("prices", target.subscription_type.value, target.name),
            snapshot=partial(self.snapshot, target),
        )

    async def _tell(self, changed: Sequence[Quote], turn: Turn) -> None:
        for start in range(0, len(changed), QUOTES_AT_ONCE):
            some = changed[start : start + QUOTES_AT_ONCE]
            for listener in self.on_quotes:
                try:
                    listener(some)
                except Exception:  # the others, and the clients, have nothing to do with it
                    logger.exception("a listener of quotes failed")
                await turn.pause()

    def _symbols(self, target: Target) -> Sequence[str]:
        """Return the symbols ``target`` stands for now (signals: the strongest first)."""
        if target.subscription_type is SubscriptionType.STRATEGY:
            return self._signals.get(target.name, [])
        return self.targets.symbols(target)

    def _update(self, target: Target, symbols: Iterable[str]) -> dict[str, Any]:
        rows = [self._rows[symbol] for symbol in symbols if symbol in self._rows]
        return {
            "subscription_type": target.subscription_type.value,
            "target": target.name,
            "data": rows,
            "count": len(rows),
            "timestamp": shanghai_time(self._clock.now()),
        }
