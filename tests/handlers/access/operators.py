"""What operators alone may call: members are refused, whatever they name."""

from __future__ import annotations

from typing import Any

from tests.support.access import OK, Call, call

OPERATORS_SEE_ALL = "operators may know every user"
LEFT_OUT = "who is no user is left out"


def for_operators(name: str, body: Any = None, operator: str = OK, takes_any_id: str = "") -> Call:
    """Return the row of a call that no member may do."""
    return call(
        name,
        body,
        outsider="forbidden",
        other="forbidden",
        member="forbidden",
        operator=operator,
        tells_unknown=OPERATORS_SEE_ALL,
        takes_any_id=takes_any_id,
    )


OPERATORS = (
    for_operators("PATCH /users/{user}/role", {"role": "member"}),  # which alice is and stays
    for_operators("GET /service_keys"),
    for_operators("POST /service_keys", {"name": "worker", "scopes": ["tasks"]}),
    for_operators("DELETE /service_keys/{user}", operator="not_found"),
    for_operators("GET /audit"),
    for_operators("GET /operators/users"),
    for_operators("GET /operators/overview"),
    for_operators("GET /operators/settings"),
    for_operators("GET /operators/clients?user={user}", takes_any_id="who is no user has no connections"),
    for_operators("GET /operators/clients/{user}", operator="not_found"),
    for_operators("POST /operators/clients/{user}/disconnect", operator="not_found"),
    for_operators("POST /notifications", {"user_id": "{user}", "title": "x", "type": "system"}, takes_any_id=LEFT_OUT),
    for_operators(
        "POST /notifications", {"user_ids": ["{user}"], "title": "x", "type": "system"}, takes_any_id=LEFT_OUT
    ),
    for_operators("GET /notifications/jobs/{notification}", operator="not_found"),
    for_operators("GET /ws/stats"),
    for_operators("POST /websocket/push/prices"),
    for_operators("GET /websocket/stats"),
    for_operators("GET /websocket/clients"),
)
