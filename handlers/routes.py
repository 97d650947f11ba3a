"""The whole URL table: pattern, class, what it is made with. Who may call is each class's ``access``."""

from __future__ import annotations

from typing import Any

from handlers.base import UnknownPathHandler
from handlers.documents.library import Library
from handlers.pages import ApiPageHandler, ClientBundleHandler, PageHandler
from handlers.rest.alerts import AlertHandler, AlertsHandler
from handlers.rest.auth import LoginHandler, LogoutEverywhereHandler, LogoutHandler, RefreshHandler, RegisterHandler
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
from handlers.rest.health import HealthHandler
from handlers.rest.uploads import UploadHandler
from handlers.rest.users import BanHandler, MeHandler, PasswordHandler, UsersHandler
from handlers.rest.watchlists import (
    WatchlistHandler,
    WatchlistItemHandler,
    WatchlistItemsHandler,
    WatchlistsHandler,
)
from handlers.services import Services
from handlers.streams.prices import Authenticate, PriceStreamHandler
from handlers.streams.socketio import EngineIOHandler
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
    (r"/watchlists", WatchlistsHandler),
    (rf"/watchlists/{ID}", WatchlistHandler),
    (rf"/watchlists/{ID}/items", WatchlistItemsHandler),
    (rf"/watchlists/{ID}/items/{ID}", WatchlistItemHandler),
    (r"/alerts", AlertsHandler),
    (rf"/alerts/{ID}", AlertHandler),
    (rf"/conversations/{ID}/settings", ConversationSettingsHandler),
    (rf"/conversations/{ID}/members", MembersHandler),
    (rf"/conversations/{ID}/members/{ID}", MemberHandler),
)
"""Each of these is served under /api and again under /api/v1."""

DOCUMENTS: tuple[tuple[str, type], ...] = (
    (r"/docs/openapi\.json", OpenApiHandler),
    (r"/docs/asyncapi\.json", AsyncApiHandler),
)

DOCUMENTED = (*REST, (r"/health", HealthHandler), *DOCUMENTS)
"""What the OpenAPI document tells of."""


def table(runtime: Runtime, sio: SocketIOServer, services: Services, authenticate: Authenticate | None) -> list[Route]:
    """Return every route of the server.

    Raises ValueError when a REST class has no access rule.
    """
    unguarded = [handler.__name__ for _, handler in DOCUMENTED if not hasattr(handler, "access")]
    if unguarded:
        raise ValueError(f"handlers without an access rule: {', '.join(unguarded)}")
    given = {"services": services}
    documents = {**given, "library": Library(DOCUMENTED, sio.root.behaviour.events)}
    prices = {
        "runtime": runtime,
        "origins": services.origins,
        "prices": services.prices,
        "authenticate": authenticate,
    }
    return [
        (r"/socket\.io/", EngineIOHandler, {"engine": sio.engine}),
        (r"/socket\.io/(.+)", ClientBundleHandler, {"origins": services.origins}),
        (r"/ws/stock/prices", PriceStreamHandler, prices),
        *((rf"/api{version}{path}", handler, given) for path, handler in REST for version in ("", "/v1")),
        (r"/(?:api/(?:v1/)?)?health", HealthHandler, given),
        *((rf"/api{version}{path}", handler, documents) for path, handler in DOCUMENTS for version in ("", "/v1")),
        (r"/api/docs", ApiPageHandler, documents),
        (r"/api/.*", UnknownPathHandler, given),
        (r"/", PageHandler, given),
    ]
