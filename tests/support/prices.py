"""The price service of tests, over the simulated market."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from server.clock import Clock
from server.market.calendar import TradingCalendar
from server.market.days import EveryDay
from server.market.instruments import INSTRUMENTS
from server.market.sources.base import PriceSource
from server.market.sources.simulated import SimulatedSource
from server.market.strategies import STRATEGIES
from server.realtime.hub import Hub
from server.services.bars import BarService
from server.services.market_status import MarketStatus
from server.services.price_targets import PriceTargets
from server.services.prices import MAX_SUBSCRIPTIONS, PriceService
from server.services.signals import SignalService
from server.services.stocks import StockService
from server.storage.repositories import Repositories
from tests.support.daily_bars import shared_market

TARGETS = PriceTargets(INSTRUMENTS, STRATEGIES)


def price_service(
    hub: Hub,
    clock: Clock,
    source: PriceSource | None = None,
    *,
    seed: int = 1,
    max_subscriptions: int = MAX_SUBSCRIPTIONS,
) -> PriceService:
    """Return prices that stand still until they are pushed; without a ``source``, simulated ones."""
    return PriceService(
        source or SimulatedSource(INSTRUMENTS, clock, market=shared_market(seed, clock.now().date())),
        hub,
        clock,
        targets=TARGETS,
        audience=hub.rooms().members,
        max_subscriptions=max_subscriptions,
    )


class MarketParts(NamedTuple):
    """The market's services over a test's database; nothing moves until a test says so."""

    prices: PriceService
    bars: BarService
    signals: SignalService
    stocks: StockService
    status: MarketStatus


def market_parts(stores: Repositories, hub: Hub, clock: Clock, source: PriceSource | None = None) -> MarketParts:
    """Return the services as `server.assembly.market` joins them."""
    prices = price_service(hub, clock, source)
    bars = BarService(stores.bars, clock, timedelta(days=30))
    prices.on_quotes.append(bars.take)
    signals = SignalService(
        stores.signals,
        stores.bars,
        prices,
        clock,
        instruments=INSTRUMENTS,
        strategies=STRATEGIES,
        day_ends=EveryDay(),
    )
    stocks = StockService(INSTRUMENTS, prices.quote_of)
    return MarketParts(prices, bars, signals, stocks, MarketStatus(prices, TradingCalendar(), clock, any_hour=True))
