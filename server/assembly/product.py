"""Makes the services of the product and gives each what it needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from handlers.services import Services
from server.assembly.accounts import open_accounts
from server.assembly.chat import open_chat
from server.assembly.ground import Ground
from server.assembly.market import MarketAssembly, MarketServices
from server.assembly.notices import open_notices, open_notification_jobs, open_notifications
from server.clock import Clock
from server.domain.bars import Period
from server.market.sources.base import PriceSource
from server.market.sources.redis_stream import RedisStreamSource
from server.operation.operation import Operation
from server.product_readings import price_readings, task_readings
from server.realtime.attendance import Attendance
from server.realtime.hub import Hub
from server.realtime.open_streams import OpenStreams
from server.realtime.origins import OriginPolicy
from server.services.alert_watch import AlertWatch
from server.services.alerts import AlertService
from server.services.audit import AuditService
from server.services.health import HealthService
from server.services.moderation import ModerationService
from server.services.notices import Notices
from server.services.notifications import NotificationService
from server.services.people import PeopleService
from server.services.prices import PriceService
from server.services.profiles import Profiles
from server.services.rate_limits import ReadLimits
from server.services.service_keys import ServiceKeyService
from server.services.stock_cards import StockCards
from server.services.stocks import StockService
from server.services.task_assembly import TaskAssembly, TaskLimits
from server.services.task_notices import TaskNotices
from server.services.task_runner import RunLimits
from server.services.watchlists import WatchlistService
from server.settings import Settings
from server.storage.mongo import Mongo
from server.storage.repositories import Repositories
from server.texts import Texts

TEXTS = Path(__file__).resolve().parents[2] / "static" / "texts"


async def open_services(
    settings: Settings,
    clock: Clock,
    stack: AsyncExitStack,
    mongo: Mongo,
    hub: Hub,
    operation: Operation,
    origins: OriginPolicy,
) -> Services:
    """Start everything in order over an open database; how it is stopped again goes onto the stack.

    Raises StartError, or RequestError when the database is away.
    """
    stores = Repositories(mongo.database, timedelta(days=settings.notification_retention))
    profiles, texts = Profiles(stores.users, clock), Texts(TEXTS)
    ground = Ground(settings, clock, stack, stores, hub, operation, profiles, texts)
    accounts = await open_accounts(ground)
    market = await MarketAssembly(settings, clock, stack, stores, hub, operation.metrics.note_redis).services()
    operation.add(price_readings(market.prices, market.status))
    stocks = StockService(market.instruments, market.prices.quote_of)
    notifications = open_notifications(ground)
    cards = StockCards(market.instruments, market.prices.quote_of)
    notices = open_notices(ground, notifications)
    chat = await open_chat(ground, notifications, notices, cards)
    tasks = await _tasks(ground, market, notices)
    return Services(
        accounts=accounts,
        people=PeopleService(stores.users, stores.friendships, profiles, chat.files, hub, clock),
        moderation=ModerationService(stores.users, accounts, clock),
        **chat._asdict(),
        prices=market.prices,
        bars=market.bars,
        signals=market.signals,
        stocks=stocks,
        market_status=market.status,
        attendance=Attendance(clock),
        tasks=tasks.service,
        task_workers=tasks.workers,
        watchlists=WatchlistService(stores.watchlists, stocks, hub, clock),
        alerts=await _alerts(ground, stocks, notifications, market.prices),
        notifications=notifications,
        notification_jobs=open_notification_jobs(ground, chat.presence, notifications),
        notification_streams=OpenStreams(settings.ws_max_connections_per_user),
        health=_health(ground, mongo, market.prices.source),
        read_limits=ReadLimits(clock, settings.reads_per_caller),
        service_keys=ServiceKeyService(stores.service_keys, clock),
        audit=_audit(ground),
        operation=operation,
        profiles=profiles,
        origins=origins,
        texts=texts,
        default_locale=settings.default_locale,
        prices_require_auth=settings.prices_require_auth,
        diagnostics=settings.diagnostics,
        operator_without_token=settings.environment == "development",
        heartbeat_seconds=settings.ws_heartbeat_interval,
    )


def _health(ground: Ground, mongo: Mongo, source: PriceSource) -> HealthService:
    others = {"redis": source.ping} if isinstance(source, RedisStreamSource) else {}
    return HealthService({"database": mongo.ping}, others)


def _audit(ground: Ground) -> AuditService:
    audit = AuditService(ground.stores.audit, ground.clock, timedelta(seconds=ground.settings.audit_retention))
    ground.stack.push_async_callback(audit.close)
    return audit


async def _tasks(ground: Ground, market: MarketServices, notices: Notices) -> TaskAssembly:
    settings, instruments = ground.settings, market.instruments
    limits = TaskLimits(
        RunLimits(settings.task_workers, settings.task_time_limit),
        timedelta(seconds=settings.task_worker_timeout),
        timedelta(seconds=settings.task_retention),
    )
    text = partial(ground.texts.text, settings.default_locale)
    tasks = TaskAssembly(
        ground.stores.tasks,
        lambda symbol, count: market.bars.newest(symbol, Period.DAY, count),
        instruments,
        settings.external_task_types,
        text,
        ground.hub,
        ground.clock,
        limits,
    )
    tasks.journal.on_end.append(TaskNotices(notices, instruments).task_ended)
    ground.operation.add(task_readings(tasks.runner))
    await tasks.runner.start()
    ground.stack.push_async_callback(tasks.runner.stop)
    return tasks


async def _alerts(
    ground: Ground, stocks: StockService, notifications: NotificationService, prices: PriceService
) -> AlertService:
    alerts = ground.stores.alerts
    watch = AlertWatch(alerts, stocks, ground.hub, ground.clock, ground.texts.text, notifications)
    ground.stack.push_async_callback(watch.close)
    await watch.load()
    prices.on_quotes.append(watch.take)
    return AlertService(alerts, watch, stocks, ground.clock)
