"""Every REST call; one without an error named is open to every member, and concerns the caller alone."""

from __future__ import annotations

from typing import Any

from handlers import routes
from tests.handlers.access.operators import OPERATORS, OPERATORS_SEE_ALL
from tests.support.access import PASSWORD, Call, call
from tests.support.uploads import form

PUBLIC = {
    "POST /auth/register": "makes an account",
    "POST /auth/login": "needs the password",
    "POST /auth/refresh": "needs the refresh token",
    "POST /auth/logout": "takes either token, and refuses who has neither",
    **{
        f"GET {path}": "the market's, for everyone, or for members alone (tests/handlers/rest/test_market.py)"
        for path in (
            "/signals/buy",
            "/strategies",
            "/stocks",
            "/stocks/{}",
            "/stocks/{}/bars",
            "/market/quotes",
            "/market/status",
        )
    },
}
"""What can be called without an access token, and why."""

GUARDED_STREAMS = ("/ws/stock/prices", "/api/ws/notifications", "/api/v1/ws/notifications")
"""Streams that need a token, or may be set to."""

ELSEWHERE = {
    r"/socket\.io/": "each event has its row",
    r"/socket\.io/(.+)": "the client bundle, for everyone",
    r"/ws/stock/prices": "in GUARDED_STREAMS",
    r"/api/ws/tasks/([^/]+)": "tests/handlers/test_task_stream.py",
    r"/api/v1/ws/tasks/([^/]+)": "tests/handlers/test_task_stream.py",
    r"/api/ws/notifications": "in GUARDED_STREAMS",
    r"/api/v1/ws/notifications": "in GUARDED_STREAMS",
    r"/api/notifications/stream": "refused in tests/handlers/test_notification_streams.py",
    r"/api/v1/notifications/stream": "the same",
    r"/(?:api/(?:v1/)?)?health": "for everyone: ok or not",
    r"/api/docs": "what the API is, for everyone",
    **{
        rf"/api{version}/docs/{name}\.json": "what the API is, for everyone"
        for version in ("", "/v1")
        for name in ("openapi", "asyncapi")
    },
    r"/(?:api/(?:v1/)?)?health/live": "for everyone: it answers",
    r"/(?:api/(?:v1/)?)?health/ready": "for everyone: ok or not",
    r"/metrics": "for operators and service keys: tests/handlers/rest/test_metrics.py",
    r"/api/.*": "nothing is there",
    r"/static/(.*)": "what the page is made of, for everyone",
    r"/": "the page, for everyone; it holds nothing of anyone",
    **dict.fromkeys(routes.DIAGNOSTIC_PAGES, "the same"),
}
"""All that is not REST, and where it is guarded."""

NAMES_ARE_PUBLIC = "whether a user of this name exists can be found out by registering"

PLACE = "an id of a notification names a place in the order of one's own"
CHANGED_PASSWORD = {"old_password": PASSWORD, "new_password": PASSWORD}

GROUP = (
    call("GET /conversations/{group}", outsider="not_found", admin="ok"),
    call("GET /conversations/{group}/messages", outsider="not_found", admin="ok"),
    call("GET /conversations/{group}/messages?around_seq={group_seq}", outsider="not_found", admin="ok"),
    call("GET /conversations/{group}/messages?q=secret", outsider="not_found", admin="ok"),
    call("PATCH /conversations/{group}/settings", {"pinned": True}, outsider="not_found", admin="ok"),
    call(
        "PATCH /conversations/{group}",
        {"name": "club"},
        outsider="not_found",
        admin="ok",
        member="forbidden",
        tells="new_message",
    ),
    call(
        "POST /conversations/{group}/members",
        {"user_ids": ["{candidate}"]},
        outsider="not_found",
        admin="ok",
        member="forbidden",
        tells="new_message",
    ),
    *(
        call(
            f"PATCH /conversations/{{group}}/members/{{{whom}}}",
            {"role": role},
            outsider="not_found",
            admin="forbidden",
            member="forbidden",
            tells="new_message",
        )
        for whom, role in (("plain", "admin"), ("plain", "owner"), ("admin", "member"))
    ),
    # Everyone leaves by the same call that removes others.
    call("DELETE /conversations/{group}/members/{plain}", outsider="not_found", admin="ok"),
    call("DELETE /conversations/{group}/members/{admin}", outsider="not_found", admin="ok", member="forbidden"),
    call("DELETE /conversations/{group}/members/{owner}", outsider="not_found", admin="forbidden", member="forbidden"),
)

FILES = (
    call("POST /files", form(b"a text")),
    call("GET /limits"),
    call("GET /files/{file}", outsider="not_found", former="ok"),
    call("GET /files/{file}/thumbnail", outsider="not_found", former="ok"),
    call("DELETE /files/{file}", outsider="not_found", former="forbidden", other="forbidden", member="conflict"),
    call("GET /files/{draft}", outsider="not_found", other="not_found"),
    call("DELETE /files/{draft}", outsider="not_found", other="not_found"),
    call("GET /files/{recalled_file}", outsider="not_found", other="not_found"),
    call("GET /files/{group_file}", outsider="not_found", admin="ok"),
    call("GET /files/{group_file}/thumbnail", outsider="not_found", admin="ok"),
    call("DELETE /files/{group_file}", outsider="not_found", admin="forbidden", other="forbidden", member="conflict"),
)


def for_workers(name: str, body: Any) -> Call:
    """Return the row of a report of a task's worker, which holds a service key; operators may, too."""
    return call(name, body, outsider="forbidden", operator="ok", other="forbidden", member="forbidden")


REST = (
    call("POST /auth/logout_all"),
    call("GET /users/me"),
    call("PATCH /users/me", {"display_name": "somebody"}, tells="profile_updated", tells_friends=True),
    # Nobody's but one's own, which has to be known: tests/handlers/rest/test_users.py.
    call("PATCH /users/me/password", CHANGED_PASSWORD),
    call("GET /users?query=alice"),
    *(
        call(
            f"{method} /users/{{user}}/ban",
            outsider="forbidden",
            operator="ok",
            other="forbidden",
            member="forbidden",
            tells_unknown=OPERATORS_SEE_ALL,
        )
        for method in ("POST", "DELETE")
    ),
    call("GET /friends"),
    call("GET /friends/requests"),
    call(
        "POST /friends/requests",
        {"username": "{username}"},
        friend="conflict",
        other="conflict",
        member="conflict",
        tells_unknown=NAMES_ARE_PUBLIC,
    ),
    call("POST /friends/requests/{request}/accept", outsider="not_found", other="not_found"),
    call("POST /friends/requests/{request}/decline", outsider="not_found", other="not_found"),
    call("DELETE /friends/requests/{request}", outsider="not_found", other="not_found", member="not_found"),
    call("DELETE /friends/{user}", outsider="not_found", friend="ok"),
    call("GET /friends/blocked"),
    call("POST /friends/{user}/block", tells_unknown=NAMES_ARE_PUBLIC),
    call("DELETE /friends/{user}/block", outsider="not_found", other="not_found", member="not_found"),
    call("GET /conversations"),
    call("POST /conversations", {"name": "club", "members": ["{user}"]}, outsider="not_friends", friend="ok"),
    call("GET /conversations/{conversation}", outsider="not_found", former="ok"),
    call(
        "PATCH /conversations/{conversation}",
        {"name": "club"},
        outsider="not_found",
        former="conflict",
        other="conflict",
        member="conflict",
    ),
    call("PATCH /conversations/{conversation}/settings", {"pinned": True}, outsider="not_found", former="ok"),
    call(
        "POST /conversations/{conversation}/members",
        {"user_ids": ["{candidate}"]},
        outsider="not_found",
        former="conflict",
        other="conflict",
        member="conflict",
    ),
    *(
        call(
            f"{method} /conversations/{{conversation}}/members/{{plain}}",
            body,
            outsider="not_found",
            former="conflict",
            other="conflict",
            member="conflict",
        )
        for method, body in (("PATCH", {"role": "owner"}), ("DELETE", None))
    ),
    call("GET /conversations/{conversation}/messages", outsider="not_found", former="ok"),
    call("GET /conversations/{conversation}/messages?around_seq={seq}", outsider="not_found", former="ok"),
    call("GET /conversations/{conversation}/messages?q=secret", outsider="not_found", former="ok"),
    call("GET /conversations/{conversation}/messages?from={user}", outsider="not_found", former="ok"),
    call("GET /tasks"),
    call("POST /tasks", {"type": "analysis", "symbol": "600519"}),
    call("GET /tasks?before={task}"),
    call("GET /tasks/{task}", outsider="not_found", operator="ok", other="not_found"),
    call("DELETE /tasks/{task}", outsider="not_found", operator="ok", other="not_found"),
    call("POST /tasks/{failed_task}/retry", outsider="not_found", operator="ok", other="not_found"),
    call("GET /tasks/{task}/progress", outsider="not_found", operator="ok", other="not_found"),
    for_workers("POST /tasks/claim", {"types": ["training"]}),
    for_workers("POST /tasks/{task}/progress", {}),
    for_workers("POST /tasks/{task}/complete", {}),
    for_workers("POST /tasks/{task}/fail", {}),
    call("GET /notifications"),
    call("GET /notifications?before={notification}", tells_unknown=PLACE),
    call("GET /notifications/unread_count"),
    call("POST /notifications/read_all"),
    call("GET /notifications/preferences"),
    call("PUT /notifications/preferences", {"muted_types": []}),
    call("POST /notifications/{notification}/read", outsider="not_found", other="not_found"),
    call("DELETE /notifications/{notification}", outsider="not_found", other="not_found"),
    call("GET /watchlists"),
    call("POST /watchlists", {"name": "metals"}),
    call("PATCH /watchlists/{watchlist}", {"name": "gold"}, outsider="not_found", other="not_found"),
    call("DELETE /watchlists/{watchlist}", outsider="not_found", other="not_found"),
    call(
        "PUT /watchlists/{watchlist}/items",
        {"items": [{"symbol": "600036"}], "revision": 0},
        outsider="not_found",
        other="not_found",
    ),
    call("POST /watchlists/{watchlist}/items", {"symbol": "600036"}, outsider="not_found", other="not_found"),
    call("PATCH /watchlists/{watchlist}/items/{stock}", {"note": "x"}, outsider="not_found", other="not_found"),
    call("DELETE /watchlists/{watchlist}/items/{stock}", outsider="not_found", other="not_found"),
    call("GET /alerts"),
    call("POST /alerts", {"symbol": "600519", "kind": "below", "value": 1.0}),
    call("PATCH /alerts/{alert}", {"value": 9998.0}, outsider="not_found", other="not_found"),
    call("DELETE /alerts/{alert}", outsider="not_found", other="not_found"),
    *GROUP,
    *FILES,
    *OPERATORS,
)
