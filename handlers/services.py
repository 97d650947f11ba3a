"""What handlers may call: filled once, by the application."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.packing import PackedAnswers
from server.operation.operation import Operation
from server.realtime.attendance import Attendance
from server.realtime.open_streams import OpenStreams
from server.realtime.origins import OriginPolicy
from server.services.accounts import AccountService
from server.services.alerts import AlertService
from server.services.audit import AuditService
from server.services.bars import BarService
from server.services.conversations import ConversationService
from server.services.files import FileService
from server.services.friends import FriendService
from server.services.groups import GroupService
from server.services.health import HealthService
from server.services.market_status import MarketStatus
from server.services.message_changes import MessageChangeService
from server.services.message_finder import MessageFinder
from server.services.messages import MessageService
from server.services.moderation import ModerationService
from server.services.notification_jobs import NotificationJobs
from server.services.notifications import NotificationService
from server.services.people import PeopleService
from server.services.presence import PresenceService
from server.services.prices import PriceService
from server.services.profiles import Profiles
from server.services.rate_limits import ReadLimits
from server.services.service_keys import ServiceKeyService
from server.services.signals import SignalService
from server.services.stocks import StockService
from server.services.task_workers import TaskWorkerService
from server.services.tasks import TaskService
from server.services.uploads import UploadService
from server.services.watchlists import WatchlistService
from server.texts import DEFAULT_LOCALE, Texts


@dataclass(frozen=True)
class Services:
    """Every service of the product, with the rules and texts that all doors share."""

    accounts: AccountService
    people: PeopleService
    moderation: ModerationService
    friends: FriendService
    presence: PresenceService
    conversations: ConversationService
    groups: GroupService
    messages: MessageService
    changes: MessageChangeService
    files: FileService
    uploads: UploadService
    finder: MessageFinder
    notifications: NotificationService
    notification_jobs: NotificationJobs
    notification_streams: OpenStreams
    prices: PriceService
    bars: BarService
    signals: SignalService
    stocks: StockService
    market_status: MarketStatus
    attendance: Attendance
    tasks: TaskService
    task_workers: TaskWorkerService
    watchlists: WatchlistService
    alerts: AlertService
    health: HealthService
    read_limits: ReadLimits
    service_keys: ServiceKeyService
    audit: AuditService
    operation: Operation
    profiles: Profiles
    origins: OriginPolicy
    texts: Texts
    default_locale: str = DEFAULT_LOCALE
    prices_require_auth: bool = False
    """Whether what the market says is for members alone."""
    diagnostics: bool = True
    """Whether the pages at ``/tests/socketio/`` are served."""
    operator_without_token: bool = False
    """Whether a direct connection from this machine may do what operators may."""
    heartbeat_seconds: float = 30.0
    """The time between two signs of life on a raw stream."""
    unfinished: set[object] = field(default_factory=set)
    """The REST requests that have no answer yet."""
    packed_answers: PackedAnswers = field(default_factory=PackedAnswers)
    """What many callers are told alike."""
