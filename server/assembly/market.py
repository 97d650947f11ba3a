"""Makes the market's part of the product: the source of quotes, pushes, bars and signals."""

from __future__ import annotations

import csv
import logging
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from server.clock import Clock
from server.domain.quotes import SHANGHAI
from server.errors import StartError
from server.market.calendar import AroundTheClock, TradingCalendar
from server.market.days import DayEnds, EveryDay, ExchangeDays, FinalPrints
from server.market.hours import parse_trading_hours
from server.market.instruments import INSTRUMENTS, InstrumentTable
from server.market.instruments_csv import read_instruments
from server.market.schedule import AnyHourSchedule, MinuteSchedule
from server.market.sources.base import PriceSource
from server.market.sources.fallback import Fallback
from server.market.sources.push import PushSource
from server.market.sources.redis_stream import Note, RedisStreamSource
from server.market.sources.simulated import SimulatedSource
from server.market.sources.sina import SinaSource
from server.market.sources.tencent import TencentSource
from server.market.strategies import STRATEGIES
from server.realtime.hub import Hub
from server.services.bars import BarService
from server.services.demo_bars import fill_bars
from server.services.feed_reading import FeedReading
from server.services.market_status import MarketStatus
from server.services.price_targets import PriceTargets
from server.services.prices import PriceService
from server.services.signals import SignalService
from server.services.timetable import TICK_SECONDS, Timetable
from server.settings import Settings
from server.storage.repositories import Repositories

logger = logging.getLogger(__name__)


class MarketServices(NamedTuple):
    """What handlers are given of the market."""

    prices: PriceService
    bars: BarService
    signals: SignalService
    status: MarketStatus
    instruments: InstrumentTable


class MarketAssembly:
    """Starts the market's services; how each is stopped again goes onto the stack."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        stack: AsyncExitStack,
        stores: Repositories,
        hub: Hub,
        note_redis: Note | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._stack = stack
        self._stores = stores
        self._hub = hub
        self._note_redis = note_redis
        self._instruments = _instruments(settings.instruments)
        self._calendar = TradingCalendar(sessions=parse_trading_hours(settings.trading_hours))

    async def services(self) -> MarketServices:
        """Start everything in order; raises RequestError when the database is away."""
        self._look_ahead()
        source = self._source()
        prices = self._prices(source)
        bars = await self._bars(source, prices)
        is_development = self._settings.environment == "development"
        if is_development or not isinstance(source, SimulatedSource):  # nothing invented is stored among real bars
            prices.on_quotes.append(bars.take)
        if is_development and isinstance(source, SimulatedSource):
            await fill_bars(self._stores.bars, source.market, self._clock)
        signals = SignalService(
            self._stores.signals,
            self._stores.bars,
            prices,
            self._clock,
            instruments=self._instruments,
            strategies=STRATEGIES,
            day_ends=self._day_ends(),
        )
        await signals.start()
        self._start_timetable(prices, bars, signals)
        status = MarketStatus(prices, self._calendar, self._clock, any_hour=self._settings.price_any_hour)
        return MarketServices(prices, bars, signals, status, self._instruments)

    def _prices(self, source: PriceSource) -> PriceService:
        prices = PriceService(
            source,
            self._hub,
            self._clock,
            targets=PriceTargets(self._instruments, STRATEGIES),
            audience=self._hub.rooms().members,
            max_subscriptions=self._settings.max_price_subscriptions,
        )
        self._stack.push_async_callback(prices.stop)
        return prices

    async def _bars(self, source: PriceSource, prices: PriceService) -> BarService:
        bars = BarService(self._stores.bars, self._clock, timedelta(seconds=self._settings.minute_bar_retention))
        if isinstance(source, RedisStreamSource):
            reading = FeedReading(source, prices, bars, self._stores.feed_positions)
            await reading.start()
            self._stack.push_async_callback(reading.stop)  # after the bars' own
        bars.start()
        self._stack.push_async_callback(bars.stop)
        return bars

    def _day_ends(self) -> DayEnds:
        return EveryDay() if self._settings.price_any_hour else ExchangeDays(self._calendar)

    def _start_timetable(self, prices: PriceService, bars: BarService, signals: SignalService) -> None:
        async def end_day() -> None:
            await prices.push()
            await bars.settle()
            self._calendar.read_anew()
            self._look_ahead()
            await signals.recompute()

        interval = self._settings.price_push_interval
        timetable = Timetable(self._clock, min(interval, TICK_SECONDS))
        if self._settings.price_any_hour:
            timetable.add("a push of prices", AnyHourSchedule(interval), prices.push, at_once=True)
        else:
            timetable.add("a push of prices", MinuteSchedule(self._calendar, interval), prices.push, at_once=True)
            timetable.add("a look at final prices", FinalPrints(ExchangeDays(self._calendar)), prices.push)
        timetable.add("the end of a trading day", self._day_ends(), end_day)
        timetable.start()
        self._stack.push_async_callback(timetable.stop)

    def _look_ahead(self) -> None:
        self._calendar.look_ahead(self._clock.now().astimezone(SHANGHAI).date())

    def _source(self) -> PriceSource:
        settings, clock, stale_after = self._settings, self._clock, self._settings.price_stale_after
        if settings.price_source == "push":
            return PushSource(clock, stale_after)
        if settings.price_source == "redis":
            return RedisStreamSource(
                settings.redis_url,
                clock,
                self._instruments.find,
                stream=settings.price_stream,
                stale_after=stale_after,
                timeout=settings.price_source_timeout,
                note=self._note_redis,
            )
        if settings.price_source == "simulated":
            if settings.environment == "production":
                logger.warning(
                    "THE PRICES ARE INVENTED: price_source is simulated in production; set it to where quotes come from"
                )
            trading = AroundTheClock() if settings.price_any_hour else self._calendar
            return SimulatedSource(self._instruments, clock, trading=trading)
        return self._endpoints()

    def _endpoints(self) -> PriceSource:
        """Return the public endpoint that was chosen, with the other one behind it."""
        settings = self._settings
        symbols = [one.symbol for one in self._instruments]
        endpoints = [
            make(
                symbols,
                self._clock,
                Random(),  # noqa: S311 - it spreads the tries, and keeps no secret
                url,
                stale_after=settings.price_stale_after,
                timeout=settings.price_source_timeout,
            )
            for make, url in ((TencentSource, settings.tencent_url), (SinaSource, settings.sina_url))
        ]
        endpoints.sort(key=lambda endpoint: endpoint.name != settings.price_source)
        return Fallback(endpoints, self._clock, settings.price_stale_after)


def _instruments(path: str) -> InstrumentTable:
    """Return the table with what a file adds."""
    if not path:
        return INSTRUMENTS
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return read_instruments(file)
    except (OSError, ValueError, csv.Error) as error:
        raise StartError(f"instruments: {path} cannot be read: {error}") from error
