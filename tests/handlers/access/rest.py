"""Every REST call; one without an error named is open to every member, and concerns the caller alone."""

from __future__ import annotations

from tests.support.access import call

PUBLIC = {
    "POST /auth/register": "makes an account",
    "POST /auth/login": "needs the password",
    "POST /auth/refresh": "needs the refresh token",
    "POST /auth/logout": "takes either token, and refuses who has neither",
}
"""What can be called without an access token, and why."""

GUARDED_STREAMS = ("/ws/stock/prices",)
"""Streams that need a token, or may be set to."""

ELSEWHERE = {
    r"/socket\.io/": "each event has its row",
    r"/socket\.io/(.+)": "the client bundle, for everyone",
    r"/ws/stock/prices": "in GUARDED_STREAMS",
    r"/(?:api/(?:v1/)?)?health": "for everyone: ok or not",
    r"/api/docs": "what the API is, for everyone",
    **{
        rf"/api{version}/docs/{name}\.json": "what the API is, for everyone"
        for version in ("", "/v1")
        for name in ("openapi", "asyncapi")
    },
    r"/api/.*": "nothing is there",
    r"/": "the page, for everyone; it holds nothing of anyone",
}
"""All that is not REST, and where it is guarded."""

NAMES_ARE_PUBLIC = "whether a user of this name exists can be found out by registering"

REST = (
    call("POST /auth/logout_all"),
    call("GET /users/me"),
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
    call("GET /conversations/{conversation}/messages", outsider="not_found", former="ok"),
    call("GET /conversations/{conversation}/messages?around_seq={seq}", outsider="not_found", former="ok"),
    call("GET /conversations/{conversation}/messages?q=secret", outsider="not_found", former="ok"),
    call("GET /conversations/{conversation}/messages?from={user}", outsider="not_found", former="ok"),
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
)
