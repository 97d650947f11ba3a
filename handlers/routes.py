"""The whole URL table: pattern, class, what it is made with. Who may call is each class's ``access``."""

from __future__ import annotations

import re
from typing import Any

from handlers.assets import Assets
from handlers.base import UnknownPathHandler
from handlers.documents.library import Library
from handlers.pages import ApiPageHandler, AssetHandler, ClientBundleHandler, PageHandler, ShownPage
from handlers.rest.alerts import AlertHandler, AlertsHandler
from handlers.rest.auth import LoginHandler, LogoutEverywhereHandler, LogoutHandler, RefreshHandler, RegisterHandler
from handlers.rest.connections import ClientHandler, ClientsHandler, DisconnectHandler, OverviewHandler, SettingsHandler
from handlers.rest.conversations import (
    ConversationHandler,
    ConversationSettingsHandler,
    ConversationsHandler,
    HistoryHandler,
    MemberHandler,
    MembersHandler,
)
from handlers.rest.documents import AsyncApiHandler, OpenApiHandler
from handlers.rest.files import FileHandler, ThumbnailHandler
from handlers.rest.friends import (
    AcceptFriendRequestHandler,
    BlockedHandler,
    BlockHandler,
    DeclineFriendRequestHandler,
    FriendHandler,
    FriendRequestHandler,
    FriendRequestsHandler,
    FriendsHandler,
)
from handlers.rest.health import HealthHandler, LiveHandler, ReadyHandler
from handlers.rest.limits import LimitsHandler
from handlers.rest.market import (
    BarsHandler,
    MarketStatusHandler,
    QuotesHandler,
    SignalsHandler,
    StockHandler,
    StocksHandler,
    StrategiesHandler,
)
from handlers.rest.metrics import MetricsHandler
from handlers.rest.notifications import (
    NotificationHandler,
    NotificationJobHandler,
    NotificationPreferencesHandler,
    NotificationsHandler,
    ReadAllNotificationsHandler,
    ReadNotificationHandler,
    StreamStatisticsHandler,
    UnreadCountHandler,
)
from handlers.rest.operators import AuditHandler, ServiceKeyHandler, ServiceKeysHandler, UserListHandler
from handlers.rest.tasks import (
    TaskClaimHandler,
    TaskCompleteHandler,
    TaskFailHandler,
    TaskHandler,
    TaskProgressHandler,
    TaskRetryHandler,
    TasksHandler,
)
from handlers.rest.uploads import UploadHandler
from handlers.rest.users import BanHandler, MeHandler, PasswordHandler, RoleHandler, UsersHandler
from handlers.rest.watchlists import (
    WatchlistHandler,
    WatchlistItemHandler,
    WatchlistItemsHandler,
    WatchlistsHandler,
)
from handlers.rest.websocket import PushPricesHandler, WebSocketClientsHandler, WebSocketStatsHandler
from handlers.services import Services
from handlers.streams.notifications import NotificationEventsHandler, NotificationSocketHandler
from handlers.streams.prices import Authenticate, PriceStreamHandler
from handlers.streams.socketio import EngineIOHandler
from handlers.streams.tasks import TaskStreamHandler
from server.auth.access import Access
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer

Route = tuple[str, type, dict[str, Any]]

ID = r"([^/]+)"

REST: tuple[tuple[str, type], ...] = (
    (r"/auth/register", RegisterHandler),
    (r"/auth/login", LoginHandler),
    (r"/auth/refresh", RefreshHandler),
    (r"/auth/logout", LogoutHandler),
    (r"/auth/logout_all", LogoutEverywhereHandler),
    (r"/users", UsersHandler),
    (r"/users/me", MeHandler),
    (r"/users/me/password", PasswordHandler),
    (rf"/users/{ID}/ban", BanHandler),
    (rf"/users/{ID}/role", RoleHandler),
    (r"/friends", FriendsHandler),
    (r"/friends/requests", FriendRequestsHandler),
    (rf"/friends/requests/{ID}", FriendRequestHandler),
    (rf"/friends/requests/{ID}/accept", AcceptFriendRequestHandler),
    (rf"/friends/requests/{ID}/decline", DeclineFriendRequestHandler),
    (r"/friends/blocked", BlockedHandler),
    (rf"/friends/{ID}", FriendHandler),
    (rf"/friends/{ID}/block", BlockHandler),
    (r"/conversations", ConversationsHandler),
    (rf"/conversations/{ID}", ConversationHandler),
    (rf"/conversations/{ID}/messages", HistoryHandler),
    (r"/files", UploadHandler),
    (rf"/files/{ID}", FileHandler),
    (rf"/files/{ID}/thumbnail", ThumbnailHandler),
    (r"/limits", LimitsHandler),
    (r"/tasks", TasksHandler),
    (r"/tasks/claim", TaskClaimHandler),
    (rf"/tasks/{ID}", TaskHandler),
    (rf"/tasks/{ID}/retry", TaskRetryHandler),
    (rf"/tasks/{ID}/progress", TaskProgressHandler),
    (rf"/tasks/{ID}/complete", TaskCompleteHandler),
    (rf"/tasks/{ID}/fail", TaskFailHandler),
    (r"/notifications", NotificationsHandler),
    (r"/notifications/unread_count", UnreadCountHandler),
    (r"/notifications/read_all", ReadAllNotificationsHandler),
    (r"/notifications/preferences", NotificationPreferencesHandler),
    (rf"/notifications/jobs/{ID}", NotificationJobHandler),
    (rf"/notifications/{ID}", NotificationHandler),
    (rf"/notifications/{ID}/read", ReadNotificationHandler),
    (r"/ws/stats", StreamStatisticsHandler),
    (r"/watchlists", WatchlistsHandler),
    (rf"/watchlists/{ID}", WatchlistHandler),
    (rf"/watchlists/{ID}/items", WatchlistItemsHandler),
    (rf"/watchlists/{ID}/items/{ID}", WatchlistItemHandler),
    (r"/alerts", AlertsHandler),
    (rf"/alerts/{ID}", AlertHandler),
    (rf"/conversations/{ID}/settings", ConversationSettingsHandler),
    (rf"/conversations/{ID}/members", MembersHandler),
    (rf"/conversations/{ID}/members/{ID}", MemberHandler),
    (r"/service_keys", ServiceKeysHandler),
    (rf"/service_keys/{ID}", ServiceKeyHandler),
    (r"/audit", AuditHandler),
    (r"/operators/users", UserListHandler),
    (r"/operators/overview", OverviewHandler),
    (r"/operators/settings", SettingsHandler),
    (r"/operators/clients", ClientsHandler),
    (rf"/operators/clients/{ID}", ClientHandler),
    (rf"/operators/clients/{ID}/disconnect", DisconnectHandler),
    (r"/signals/buy", SignalsHandler),
    (r"/strategies", StrategiesHandler),
    (r"/stocks", StocksHandler),
    (rf"/stocks/{ID}", StockHandler),
    (rf"/stocks/{ID}/bars", BarsHandler),
    (r"/market/quotes", QuotesHandler),
    (r"/market/status", MarketStatusHandler),
    (r"/websocket/push/prices", PushPricesHandler),
    (r"/websocket/stats", WebSocketStatsHandler),
    (r"/websocket/clients", WebSocketClientsHandler),
)
"""Each of these is served under /api and again under /api/v1."""

DOCUMENTS: tuple[tuple[str, type], ...] = (
    (r"/docs/openapi\.json", OpenApiHandler),
    (r"/docs/asyncapi\.json", AsyncApiHandler),
)

DOCUMENTED = (
    *REST,
    (r"/health", HealthHandler),
    (r"/health/live", LiveHandler),
    (r"/health/ready", ReadyHandler),
    *DOCUMENTS,
    (r"/notifications/stream", NotificationEventsHandler),
)
"""What the OpenAPI document tells of: all that is served under /api."""

AT_ROOT: tuple[tuple[str, type], ...] = ((r"/metrics", MetricsHandler),)
"""What it tells of beside that."""


_DIAGNOSTIC_STYLES = ("css/diagnostics",)

DIAGNOSTIC_PAGES = {
    r"/tests/socketio/": ShownPage("js/diagnostics/index.js", _DIAGNOSTIC_STYLES),
    r"/tests/socketio/simple-connection-test\.html": ShownPage("js/diagnostics/connection_test.js", _DIAGNOSTIC_STYLES),
    r"/tests/socketio/socketio-direct-test\.html": ShownPage(
        "js/diagnostics/direct_test.js", _DIAGNOSTIC_STYLES, may_connect_elsewhere=True
    ),
}
"""Pages that try out the server from the visitor's browser; the last one may try others, too."""


def table(runtime: Runtime, sio: SocketIOServer, services: Services, authenticate: Authenticate | None) -> list[Route]:
    """Return every route of the server.

    Raises ValueError when a REST class has no access rule, or an operator's call no name in the audit trail.
    """
    unguarded = [handler.__name__ for _, handler in (*DOCUMENTED, *AT_ROOT) if not hasattr(handler, "access")]
    if unguarded:
        raise ValueError(f"handlers without an access rule: {', '.join(unguarded)}")
    unnamed = [handler.__name__ for _, handler in REST if not _is_traced(handler)]
    if unnamed:
        raise ValueError(f"handlers whose changing calls leave no trace in the audit trail: {', '.join(unnamed)}")
    given = {"services": services}
    streaming = {"runtime": runtime, "services": services}
    documents = {**given, "library": Library(DOCUMENTED, AT_ROOT, sio.root.behaviour.events)}
    pages = {**given, "assets": Assets(services.texts)}
    diagnostics = DIAGNOSTIC_PAGES if services.diagnostics else {}
    prices = {
        "runtime": runtime,
        "origins": services.origins,
        "prices": services.prices,
        "attendance": services.attendance,
        "authenticate": authenticate,
    }
    return [
        (r"/socket\.io/", EngineIOHandler, {"engine": sio.engine}),
        (r"/socket\.io/(.+)", ClientBundleHandler, {"origins": services.origins}),
        (r"/ws/stock/prices", PriceStreamHandler, prices),
        *(
            route
            for version in ("", "/v1")
            for route in (
                (rf"/api{version}/ws/tasks/{ID}", TaskStreamHandler, {"runtime": runtime, **given}),
                (rf"/api{version}/ws/notifications", NotificationSocketHandler, streaming),
                (rf"/api{version}/notifications/stream", NotificationEventsHandler, streaming),
            )
        ),
        *((rf"/api{version}{path}", handler, given) for path, handler in REST for version in ("", "/v1")),
        (r"/(?:api/(?:v1/)?)?health", HealthHandler, given),
        *((rf"/api{version}{path}", handler, documents) for path, handler in DOCUMENTS for version in ("", "/v1")),
        (r"/api/docs", ApiPageHandler, {**documents, **pages}),
        (r"/(?:api/(?:v1/)?)?health/live", LiveHandler, given),
        (r"/(?:api/(?:v1/)?)?health/ready", ReadyHandler, given),
        *((pattern, handler, given) for pattern, handler in AT_ROOT),
        (r"/api/.*", UnknownPathHandler, given),
        (r"/static/(.*)", AssetHandler, pages),
        *((pattern, PageHandler, {**pages, "shown": shown}) for pattern, shown in diagnostics.items()),
        (r"/", PageHandler, pages),
    ]


def _is_traced(handler: Any) -> bool:
    """Tell whether every call by which operators change something is audited, or says why it is not."""
    changing = set(handler.implemented_methods()) - {"GET", "HEAD", "OPTIONS"}
    return handler.access is not Access.OPERATOR or bool(handler.unaudited) or changing <= handler.audited.keys()


def pattern_of(handler: type) -> str:
    """Return where a class is served, with ``{}`` for each id: what requests are counted by."""
    return _PATTERNS.get(handler, handler.__name__)


_PATTERNS = {handler: f"/api{re.sub(r'[(].*?[)]', '{}', pattern)}" for pattern, handler in REST}
