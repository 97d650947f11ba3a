"""Shapes of answers that are put together from several services."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from server.domain.notifications import JobState
from server.domain.quotes import QuoteView
from server.domain.users import Profile


class InstrumentView(Struct):
    """A share or an index."""

    code: str
    symbol: str
    name: str
    market: str
    kind: str


class WholeQuote(QuoteView, frozen=True, kw_only=True):
    """All that is known of a quote."""

    previous_close: float
    open: float
    high: float
    low: float
    amount: float
    limit_up: float | None
    limit_down: float | None
    suspended: bool
    stale: bool


class StockView(InstrumentView):
    """An instrument with its present quote, if there is one."""

    quote: WholeQuote | None


class BarView(Struct):
    """The prices of one day, or one minute."""

    time: str
    open: float
    high: float
    low: float
    close: float
    volume: int
    amount: float


class SignalView(Struct):
    """What a strategy says of a share."""

    code: str
    symbol: str
    name: str
    signal: str
    score: float
    reason: str
    price: float | None
    day: str


class StrategyView(Struct):
    """A strategy in the caller's language, and how many signals it has."""

    name: str
    title: str
    description: str
    count: int


class MarketStatus(Struct):
    """The session of the exchanges, and where prices come from."""

    phase: str
    is_open: bool
    next_open: str
    next_phase: str
    next_change: str
    any_hour: bool
    source: str
    answering: str
    stale: bool
    last_push: str | None
    missing_holidays: list[int]
    timestamp: str


class StreamTotals(Struct):
    """Since the server started, and at this moment."""

    total_connections: int
    active_connections: int
    total_subscriptions: int
    messages_sent: int
    messages_received: int


class SubscriptionTotals(Struct):
    """At this moment."""

    total_subscriptions: int
    total_clients: int
    total_targets: int
    strategy_targets: int
    stock_targets: int
    market_targets: int


class SubscriptionView(Struct):
    """One target that a client hears of."""

    subscription_type: str
    target: str


class PriceClientView(Struct):
    """A client and its subscriptions to prices."""

    client_id: str
    transport: str
    connected_at: str
    subscriptions: list[SubscriptionView]
    messages_sent: int
    messages_received: int
    user: str | UnsetType = UNSET
    address: str | UnsetType = UNSET


class Connection(Struct):
    """A connection as operators see it."""

    id: str
    transport: str
    state: str
    user: Profile | None
    address: str
    connected_at: str
    bytes_in: int
    bytes_out: int
    outbox_bytes: int


class ConnectionView(Connection):
    """A connection with the number of its rooms."""

    rooms: int


class ConnectionNames(Connection):
    """A connection with the names of its rooms."""

    rooms: list[str]


class SettingView(Struct):
    """A setting; ``usual`` is its value when nobody sets it. Of a secret is seen only whether it is set."""

    name: str
    value: str
    usual: str
    secret: bool


class Notified(Struct):
    """How many were told."""

    notified: int


class NotificationJob(Struct):
    """How far it has come: ``done`` users of about ``total`` were looked at, and ``notified`` of them are meant."""

    job_id: str
    total: int
    done: int
    notified: int
    state: JobState
